import { execFile } from 'node:child_process';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildClientSchema, buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { generateDocuments } from '../../src/commands/hasura/documents.ts';
import { frontendCode, frontendFile, sectionOf } from './blocks.ts';
import { openStage } from './stage.ts';
import { ADDRESS, makeFolder } from './tabs.ts';

// The files of hasura/frontend have types. Those of the documents come from the SDL that its README names.

const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await copyFile('hasura/frontend/tsconfig.json', join(folder, 'tsconfig.json'));
  for (const [name, code] of await frontendCode()) await writeFile(join(folder, name), code);
});
afterAll(() => rm(folder, { recursive: true }));

/** The compiler's errors in the folder, each as `file: TS0000`. */
async function compile(): Promise<string[]> {
  const output = await run('node_modules/.bin/tsc', ['-p', folder, '--pretty', 'false']).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  return [...output.matchAll(/([\w-]+\.ts)\(\d+,\d+\): error (TS\d+)/g)].map(
    ([, file, code]) => `${file}: ${code}`,
  );
}

test('the frontend’s files compile under strict settings, and session and client run as JavaScript', async () => {
  expect([...(await frontendCode()).keys()]).toEqual(
    expect.arrayContaining(['session.ts', 'client.ts', 'sign-in.ts']),
  );
  expect(await compile()).toEqual([]);
  for (const name of ['session', 'client']) {
    const script = join(folder, `${name}.mjs`);
    await writeFile(script, await frontendFile(`${name}.ts`));
    await run(process.execPath, ['--check', script]);
  }
});

test.for([
  ['a variable with a wrong name', '{ email, password }', '{ address: email, password }', 'TS2353'],
  ['a variable that is missing', '{ email, password }', '{ email }', 'TS2741'],
  ['a variable of a wrong type', '{ email, password }', '{ email, password: 1 }', 'TS2322'],
  ['a field that the document does not select', 'me?.memberships', 'me?.sessions', 'TS2339'],
  ['a me that may be null', 'me?.memberships', 'me.memberships', 'TS18047'],
])('%s is a compile error in a frontend', async ([, from = '', to = '', error = '']) => {
  const code = await frontendFile('sign-in.ts');
  expect(code).toContain(from);
  const spoiled = join(folder, 'spoiled.ts');
  await writeFile(spoiled, code.replace(from, to));
  const errors = await compile();
  await rm(spoiled);
  expect(errors).toContain(`spoiled.ts: ${error}`);
  expect(errors.filter((line) => !line.startsWith('spoiled.ts'))).toEqual([]);
});

test('codegen.yml with the change for a copy generates the shipped documents', async () => {
  for (const path of ['roles/user.graphql', 'frontend/operations.graphql'])
    await copyFile(`hasura/${path}`, join(folder, path.replace(/.*\//, '')));
  const [, change = ''] =
    /`(schema: user\.graphql)`/.exec(await sectionOf('hasura/frontend/README.md', 'Typed documents')) ?? [];
  const shipped = await frontendFile('codegen.yml');
  const config = shipped.replace(/^schema: .*$/m, change);
  expect(config).not.toBe(shipped);
  const generated = await generateDocuments(config, folder);
  expect([...generated]).toEqual([['operations.ts', await frontendFile('operations.ts')]]);
});

test('the frontend has five operations that are valid for anonymous', async () => {
  const document = parse(await frontendFile('operations.graphql'));
  const names = document.definitions.map((node) => ('name' in node ? node.name?.value : undefined));
  expect(names).toEqual(['Signup', 'Login', 'Me', 'Refresh', 'Logout']);
  const anonymous = buildSchema(await readFile('hasura/roles/anonymous.graphql', 'utf8'));
  expect(validate(anonymous, document)).toEqual([]);
});

test('the role’s SDL lacks the tables, and codegen-with-tables.yml reads them from Hasura', async () => {
  const [, mine = ''] = /MINE = '(.*)'/.exec(await frontendFile('session.ts')) ?? [];
  const shipped = buildSchema(await readFile('hasura/roles/user.graphql', 'utf8'));
  expect(validate(shipped, parse(mine)).map(({ message }) => message)).toEqual([
    'Cannot query field "portcullis_sessions" on type "Query".',
  ]);
  const told = await introspect(await frontendFile('codegen-with-tables.yml'));
  expect(validate(told, parse(mine))).toEqual([]);
  expect(told.getQueryType()?.getFields()).not.toHaveProperty('jwks');
});

async function introspect(config: string) {
  const stage = await openStage();
  try {
    const filled = config.replace(/\$\{HASURA_GRAPHQL_ADMIN_SECRET\}/, stage.adminSecret);
    const { schema } = parseYaml(filled) as { schema: Record<string, { headers: Record<string, string> }>[] };
    const headers = { ...schema[0]?.[ADDRESS]?.headers, 'content-type': 'application/json' };
    const body = JSON.stringify({ query: getIntrospectionQuery() });
    const response = await fetch(stage.hasuraUrl, { method: 'POST', headers, body });
    return buildClientSchema(((await response.json()) as { data: never }).data);
  } finally {
    await stage.close();
  }
}
