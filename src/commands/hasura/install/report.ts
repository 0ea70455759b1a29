import type { Change } from './items.ts';
import type { Finding } from './probes/finding.ts';

const TITLES: readonly [Change['kind'], string][] = [
  ['add', 'Adds:'],
  ['change', 'Changes:'],
  ['remove', 'Removes:'],
];

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

/** Whether the object around it is added or removed too, and is not a source. A source is shown with its tables. */
const isInside = (path: string, all: readonly string[]): boolean =>
  all.some((outer) => path.startsWith(`${outer}, `) && !/^source [^,]*$/.test(outer));

/** Lists what changes. What is added or removed with the object around it has no line of its own. */
export function reportChanges(changes: readonly Change[]): string[] {
  return TITLES.flatMap(([kind, title]) => {
    const paths = changes.filter((change) => change.kind === kind).map(({ path }) => path);
    return section(title, kind === 'change' ? paths : paths.filter((path) => !isInside(path, paths)));
  });
}

const LEVELS: readonly [Finding['level'], string][] = [
  ['fine', 'Tested:'],
  ['warn', 'To do at the engine:'],
  ['unseen', 'Not tested:'],
];

/** Lists what the probes found, apart from what refuses. */
export const reportFindings = (findings: readonly Finding[]): string[] =>
  LEVELS.flatMap(([level, title]) =>
    section(
      title,
      findings.filter((found) => found.level === level).map(({ text }) => text),
    ),
  );

export const reportNotes = (notes: readonly string[]): string[] => section('Note:', notes);
