import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** The source, by path below `src`. */
export type Sources = ReadonlyMap<string, string>;

/** One import of a source file by another. */
export type Import = { file: string; imported: string };

/** The domains in two rows: an upper one may import a lower one. */
const upperDomains = ['service-tokens', 'sessions', 'teams'];
const lowerDomains = [
  'access-tokens',
  'audit',
  'claims',
  'ens',
  'flow-states',
  'identities',
  'jobs',
  'keys',
  'limits',
  'mail',
  'one-time-codes',
  'one-time-tokens',
  'roles',
  'second-factors',
  'sms',
  'users',
  'webhooks',
];

/** The folders that own the tables. Everything above them asks them. */
export const domains: readonly string[] = [...upperDomains, ...lowerDomains];

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
  upperDomains,
  ['migrations'],
  lowerDomains,
  ['captcha', 'leaked-passwords', 'providers'],
  ['crypto', 'db', 'outbound'],
  ['chain', 'config', 'errors', 'log', 'redirects', 'version'],
];

/**
 * The folders beside the rows: commands of an operator, and the development server. Each names the folders that import it, and the
 * highest row that it imports from.
 */
const annexes: Readonly<Record<string, { importedBy: readonly string[]; below: string }>> = {
  commands: { importedBy: ['commands'], below: 'main' },
  'embedded-postgres': { importedBy: ['development', 'commands'], below: 'db' },
};

const TABLES = 'db/tables/';

/** The folders that import tables and run SQL. */
export const readersOfTables: readonly string[] = [...domains, 'db', 'migrations', 'commands'];

/**
 * Every text in quotes that is a relative path: in an import, a re-export, import(), require(), a reference directive or a
 * URL. Comments between a keyword and its path change nothing.
 */
const RELATIVE_PATH = /(['"`])(\.{1,2}\/[^'"`\n]*)\1/g;

/** The endings of files that hold code. */
const CODE = /\.[cm]?[jt]sx?$/;

const GAP = String.raw`(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)*`;

/** An import() or require() whose path is not a text, or begins with a variable: nothing can follow it. */
const UNTRACEABLE = new RegExp(
  String.raw`\b(?:import|require)${GAP}\(${GAP}(?:[^'"\`\s/)]|\`\$\{|(['"\`])[^'"\`]*\1${GAP}[^\s,)/])`,
);

/** Reads the source. */
export async function readSources(): Promise<Sources> {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  if (files.length < 200)
    throw new Error(`Only ${files.length} files were read: the checks would prove nothing.`);
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join('src', file), 'utf8')] as const)),
  );
}

/** The files below `src` that are neither TypeScript, a README nor the compiler's configuration. */
export async function findForeignFiles(): Promise<string[]> {
  const entries = await readdir('src', { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !/(?:^README\.md|^tsconfig\.json|[^.]\.ts)$/.test(entry.name))
    .map(({ name }) => name);
}

/** The imports of all files, type imports included. */
export function importsOf(sources: Sources): Import[] {
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(RELATIVE_PATH)]
      .map(([, , path = '']) => ({ file, imported: normalize(join(dirname(file), path)) }))
      .filter(({ imported }) => CODE.test(imported) || sources.has(`${imported}.ts`)),
  );
}

/** The files with an import that cannot be followed. */
export const untraceable = (sources: Sources): string[] =>
  [...sources].filter(([, text]) => UNTRACEABLE.test(text)).map(([file]) => file);

/** The folder below `src` that a file belongs to; for a file of `src` itself its name. */
export const folderOf = (file: string): string => file.split('/', 1)[0]?.replace(CODE, '') ?? '';

const rowOf = (folder: string): number => rows.findIndex((row) => row.includes(folder));

/** The files that belong to no folder of the walls. */
export const strangers = (sources: Sources): string[] =>
  [...sources.keys()].filter((file) => rowOf(folderOf(file)) === -1 && !(folderOf(file) in annexes));

/** Whether an import leads upwards, or into the tables or an annex that its file may not enter. */
function isForbidden({ file, imported }: Import): boolean {
  const [from, to] = [folderOf(file), folderOf(imported)];
  if (from === to) return false;
  if (imported.startsWith(TABLES) && !readersOfTables.includes(from)) return true;
  const entered = annexes[to];
  if (entered !== undefined) return !entered.importedBy.includes(from);
  return rowOf(to) < rowOf(annexes[from]?.below ?? from);
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
