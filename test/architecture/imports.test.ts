import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  circles,
  findForeignFiles,
  folderOf,
  forbiddenImports,
  importsOf,
  readersOfTables,
  readSources,
  type Sources,
  strangers,
  untraceable,
} from './walls.ts';

test('every source file belongs to a folder of the walls', async () => {
  expect(strangers(await readSources())).toEqual([]);
  expect(strangers(new Map([['helpers/dates.ts', '']]))).toEqual(['helpers/dates.ts']);
});

test('no file imports from a folder above its own', async () => {
  const sources = await readSources();
  expect(importsOf(sources).length).toBeGreaterThan(1000);
  expect(forbiddenImports(sources)).toEqual([]);
});

test('folders of one row import each other in one direction', async () => {
  expect(circles(await readSources())).toEqual([]);
});

test.each([
  ['a value', "import { login } from '../flows/sign-in/login.ts';"],
  ['a type', "import type { Login } from '../flows/sign-in/login.ts';"],
  ['a type beside a value', "import { login, type Login } from '../flows/sign-in/login.ts';"],
  ['over several lines', "import {\n  login,\n  type Login,\n} from '../flows/sign-in/login.ts';"],
  ['everything', "import * as flow from '../flows/sign-in/login.ts';"],
  ['a side effect', "import '../flows/sign-in/login.ts';"],
  ['a re-export', "export { login } from '../flows/sign-in/login.ts';"],
  ['a re-export of everything', "export * from '../flows/sign-in/login.ts';"],
  ['a re-exported type', "export type { Login } from '../flows/sign-in/login.ts';"],
  ['at run time', "const { login } = await import('../flows/sign-in/login.ts');"],
  ['a type in place', "type Login = import('../flows/sign-in/login.ts').Login;"],
  ['a template', 'const flow = await import(`../flows/sign-in/login.ts`);'],
  ['behind a comment', "import { login } from /* here */ '../flows/sign-in/login.ts';"],
  ['with attributes', "import login from '../flows/sign-in/login.ts' with { type: 'module' };"],
  ['by require', "const flow = createRequire(import.meta.url)('../flows/sign-in/login.ts');"],
  ['by resolve', "const path = import.meta.resolve('../flows/sign-in/login.ts');"],
  ['by URL', "const url = new URL('../flows/sign-in/login.ts', import.meta.url);"],
  ['by reference', '/// <reference path="../flows/sign-in/login.ts" />'],
])('an upward import of %s is found', (_kind, line) => {
  const sources = new Map([['users/users.ts', `${line}\n`]]);
  expect(forbiddenImports(sources)).toEqual(['users/users.ts → flows/sign-in/login.ts']);
});

test.each([
  ['a domain from an edge', 'flows/sign-in/login.ts', '../../graphql/context.ts', 'graphql/context.ts'],
  ['the ground from a domain', 'config/config.ts', '../captcha/captcha.ts', 'captcha/captcha.ts'],
  ['the gateway from the embedded server', 'embedded-postgres/a.ts', '../users/users.ts', 'users/users.ts'],
  ['run time from the generator', 'http/router.ts', '../commands/docs.ts', 'commands/docs.ts'],
  [
    'run time from the embedded server',
    'db/client.ts',
    '../embedded-postgres/a.ts',
    'embedded-postgres/a.ts',
  ],
])('an import of %s is found', (_kind, file, path, imported) => {
  const sources = new Map([[file, `import type { X } from '${path}';`]]);
  expect(forbiddenImports(sources)).toEqual([`${file} → ${imported}`]);
});

test.each([
  ['http', 'http/health.ts', '../db/tables/users.ts'],
  ['flows', 'flows/mails/prepare.ts', '../../db/tables/users.ts'],
  ['pages', 'pages/site.ts', '../db/tables/users.ts'],
  ['graphql', 'graphql/schema/user.ts', '../../db/tables/users.ts'],
  ['captcha', 'captcha/captcha.ts', '../db/tables/users.ts'],
])('an import of a table from %s is found', (_folder, file, path) => {
  const sources = new Map([[file, `import type { users } from '${path}';`]]);
  expect(forbiddenImports(sources)).toEqual([`${file} → db/tables/users.ts`]);
});

test('a domain may import a table', () => {
  const sources = new Map([['users/users.ts', "import { users } from '../db/tables/users.ts';"]]);
  expect(importsOf(sources)).toHaveLength(1);
  expect(forbiddenImports(sources)).toEqual([]);
});

test('src holds TypeScript, README files and the compiler’s configuration, and no other file', async () => {
  expect(await findForeignFiles()).toEqual([]);
});

test('every import names its path', async () => {
  expect(untraceable(await readSources())).toEqual([]);
});

test.each([
  'await import(path);',
  'await import(/* path */ path);',
  'await import(`$' + '{folder}/login.ts`);',
  'require(path);',
  "import('../flows/' + name);",
])('an import that does not name its path is found: %s', (line) => {
  expect(untraceable(new Map([['users/users.ts', line]]))).toEqual(['users/users.ts']);
});

test('a circle of folders in one row is found', () => {
  const sources = new Map([
    ['mail/a.ts', "import type { B } from '../users/b.ts';"],
    ['users/b.ts', "import type { C } from '../limits/c.ts';"],
    ['limits/c.ts', "import type { A } from '../mail/a.ts';"],
  ]);
  expect(circles(sources)).toContain('mail → users → limits → mail');
});

test('only domains, db, migrations and commands run SQL', async () => {
  const runsSql = /\bdrizzle-orm\b|\.execute\(|\$client\b/;
  const runners = [...(await readSources())].filter(([, text]) => runsSql.test(text)).map(([file]) => file);
  expect(runners.length).toBeGreaterThan(20);
  expect(runners.filter((file) => !readersOfTables.includes(folderOf(file)))).toEqual([]);
});

test('only commands, and dialects with a guard, act as the operator', async () => {
  const users = [...(await readSources())].filter(([, text]) => /import \{[^}]*\boperator\b/.test(text));
  const files = users.map(([file]) => file);
  expect(files).not.toEqual([]);
  expect(
    files.filter(
      (file) => !/^(?:dialects\/(?:hasura|internal)|commands\/(?:users|service-token))\//.test(file),
    ),
  ).toEqual([]);
});

test('only the configuration reads the environment', async () => {
  const readers = [...(await readSources())].filter(([, text]) => text.includes('process.env'));
  // The embedded server gets only PATH of the gateway's environment.
  const allowed = /^main\.ts$|^embedded-postgres\/data\.ts$|^commands\/|^config\/read-config\.ts$/;
  expect(readers.map(([file]) => file).filter((file) => !allowed.test(file))).toEqual([]);
});

/** Every way to name a database driver: an import or a re-export of values or types, import(), require(). */
const DRIVER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*|\)\(\s*)['"](?:postgres|pg)(?:\/[^'"]*)?['"]/;

const namersOfDrivers = (sources: Sources): string[] =>
  [...sources].filter(([, text]) => DRIVER.test(text)).map(([file]) => file);

test('only src/db/driver imports the database drivers, also for types', async () => {
  const sources = await readSources();
  expect(namersOfDrivers(sources)).not.toEqual([]);
  expect(namersOfDrivers(sources).filter((file) => !file.startsWith('db/driver/'))).toEqual([]);
});

test.each([
  "import postgres from 'postgres';",
  "import type { Sql } from 'postgres';",
  "import {\n  type Sql,\n} from 'postgres';",
  "export type { Sql } from 'postgres';",
  "import 'pg';",
  "import Client from 'pg/lib/client.js';",
  "type Sql = import('postgres').Sql;",
  "const { Pool } = await import('pg');",
  "const { Pool } = createRequire(import.meta.url)('pg');",
])('an import of a driver is found: %j', (line) => {
  expect(namersOfDrivers(new Map([['users/users.ts', line]]))).toEqual(['users/users.ts']);
});

test('Drizzle opens no connection itself, since it would read options from the environment', async () => {
  const openers = [...(await readSources())].filter(([, text]) => /\bdrizzle\(['"{]/.test(text));
  expect(openers.map(([file]) => file)).toEqual([]);
});

test('the benchmark loads compiled files whose sources exist', async () => {
  const sources = await readSources();
  const text = await readFile('test/bench/gateway-process.ts', 'utf8');
  const compiled = [...text.matchAll(/compiled\(\s*'(?<name>[^']+)\.js'/g)].map(
    ({ groups }) => `${groups?.name}.ts`,
  );
  expect(compiled.length).toBeGreaterThan(3);
  expect(compiled.filter((file) => !sources.has(file))).toEqual([]);
});
