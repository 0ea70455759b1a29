import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** The source, by path below `src`. */
export type Sources = ReadonlyMap<string, string>;

/** One import of a file of ours by another one. */
export type Import = { file: string; imported: string };

/**
 * The walls: folders of `src`, and files beside them, from the top. A file imports its own row and the rows below it.
 * Within a row the folders import each other in one direction.
 */
const rows: readonly (readonly string[])[] = [
  ['main', 'development', 'app'],
  ['http'],
  ['pages'],
  ['dialects', 'graphql'],
  ['request'],
  ['flows'],
  ['sessions', 'teams'],
  ['migrations'],
  ['audit', 'ens', 'jobs', 'keys', 'limits', 'mail', 'one-time-tokens', 'users'],
  ['captcha', 'crypto', 'db'],
  ['chain', 'config', 'errors', 'log', 'version'],
];

/** What stands beside the rows, and what may import it: an operator's commands, and the development server. */
const annexes: Readonly<Record<string, readonly string[]>> = {
  commands: ['commands'],
  'embedded-postgres': ['embedded-postgres', 'development', 'commands'],
};

/** What only the domains may import: they own the tables, and everything above asks them. */
const TABLES = 'db/tables/';
const domains: readonly string[] = [
  ...['sessions', 'teams'],
  ...['audit', 'ens', 'jobs', 'keys', 'limits', 'mail', 'one-time-tokens', 'users'],
];
const readersOfTables: readonly string[] = [...domains, 'db', 'migrations', 'commands'];

/** Every way to name another file: import, export … from, import() of a value or a type. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.[^'"]+)['"]/g;

/** Reads the source. */
export async function readSources(): Promise<Sources> {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join('src', file), 'utf8')] as const)),
  );
}

/** The imports of all files, type imports included. */
export function importsOf(sources: Sources): Import[] {
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(IMPORT)].map(([, path = '']) => ({
      file,
      imported: normalize(join(dirname(file), path)),
    })),
  );
}

/** The folder below `src` that a file belongs to; for a file of `src` itself its name. */
export const folderOf = (file: string): string => file.split('/', 1)[0]?.replace(/\.ts$/, '') ?? '';

const rowOf = (folder: string): number => rows.findIndex((row) => row.includes(folder));

/** The files that belong to no folder of the walls. */
export const strangers = (sources: Sources): string[] =>
  [...sources.keys()].filter((file) => rowOf(folderOf(file)) === -1 && !(folderOf(file) in annexes));

/** Whether an import leads upwards, or into the tables or an annex that its file may not enter. */
function isForbidden({ file, imported }: Import): boolean {
  const [from, to] = [folderOf(file), folderOf(imported)];
  if (imported.startsWith(TABLES) && !readersOfTables.includes(from)) return true;
  const admitted = annexes[to];
  if (admitted !== undefined) return !admitted.includes(from);
  return !(from in annexes) && rowOf(to) < rowOf(from);
}

/** The imports that cross a wall, as `file → imported`. */
export const forbiddenImports = (sources: Sources): string[] =>
  importsOf(sources)
    .filter(isForbidden)
    .map(({ file, imported }) => `${file} → ${imported}`);

/** The folders of one row that import each other, directly or through others, as `folder → … → folder`. */
export function circles(sources: Sources): string[] {
  const next = new Map<string, Set<string>>();
  for (const { file, imported } of importsOf(sources)) {
    const [from, to] = [folderOf(file), folderOf(imported)];
    if (from === to || rowOf(from) !== rowOf(to)) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const found: string[] = [];
  const walk = (path: readonly string[]) => {
    for (const to of next.get(path.at(-1) ?? '') ?? [])
      if (to === path[0]) found.push([...path, to].join(' → '));
      else if (!path.includes(to)) walk([...path, to]);
  };
  for (const folder of next.keys()) walk([folder]);
  return found;
}
