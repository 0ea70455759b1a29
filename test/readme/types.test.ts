import { execFile } from 'node:child_process';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildClientSchema, buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { generateDocuments } from '../../src/commands/hasura/documents.ts';
import { frontendBlock, frontendBlocks } from './blocks.ts';
import { openStage } from './stage.ts';
import { ADDRESS, makeFolder } from './tabs.ts';

// What README, "From your frontend", shows has types, and those of the documents come from the SDL that it names.

const run = promisify(execFile);
const FRONTEND_SETTINGS = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    noEmit: true,
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
  },
  include: ['*.ts'],
};

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(FRONTEND_SETTINGS));
  await copyFile('hasura/frontend/operations.ts', join(folder, 'operations.ts'));
  for (const [name, code] of await frontendBlocks())
    if (name.endsWith('.ts')) await writeFile(join(folder, name), code);
});
afterAll(() => rm(folder, { recursive: true }));

/** What the compiler says of the folder: one `file: TS0000` for each error. */
async function compile(): Promise<string[]> {
  const output = await run('node_modules/.bin/tsc', ['-p', folder, '--pretty', 'false']).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  return [...output.matchAll(/([\w-]+\.ts)\(\d+,\d+\): error (TS\d+)/g)].map(
    ([, file, code]) => `${file}: ${code}`,
  );
}

test('README’s files are good TypeScript for the strict, and what needs no types is JavaScript as well', async () => {
  expect([...(await frontendBlocks()).keys()]).toEqual(
    expect.arrayContaining(['session.ts', 'client.ts', 'sign-in.ts']),
  );
  expect(await compile()).toEqual([]);
  for (const name of ['session', 'client']) {
    const script = join(folder, `${name}.mjs`);
    await writeFile(script, await frontendBlock(`${name}.ts`));
    await run(process.execPath, ['--check', script]);
  }
});

test.for([
  ['a variable of a wrong name', '{ email, password }', '{ address: email, password }', 'TS2353'],
  ['a variable that is missing', '{ email, password }', '{ email }', 'TS2741'],
  ['a variable of a wrong type', '{ email, password }', '{ email, password: 1 }', 'TS2322'],
  ['a field that was not asked for', 'me?.memberships', 'me?.sessions', 'TS2339'],
  ['a person who may be nobody', 'me?.memberships', 'me.memberships', 'TS18047'],
])('%s is a compile error', async ([, from = '', to = '', error = '']) => {
  const code = await frontendBlock('sign-in.ts');
  expect(code).toContain(from);
  const spoiled = join(folder, 'spoiled.ts');
  await writeFile(spoiled, code.replace(from, to));
  const errors = await compile();
  await rm(spoiled);
  expect(errors).toContain(`spoiled.ts: ${error}`);
  expect(errors.filter((line) => !line.startsWith('spoiled.ts'))).toEqual([]);
});

test('its codegen.yml makes the documents that are shipped, from the SDL and the operations that it names', async () => {
  for (const path of ['roles/user.graphql', 'frontend/operations.graphql'])
    await copyFile(`hasura/${path}`, join(folder, path.replace(/.*\//, '')));
  const config = await frontendBlock('codegen.yml');
  const shipped = await readFile('hasura/frontend/codegen.yml', 'utf8');
  expect(`# codegen.yml\n${shipped.replace('../roles/', '')}`).toBe(config);
  const generated = await generateDocuments(config, folder);
  expect([...generated]).toEqual([
    ['operations.ts', await readFile('hasura/frontend/operations.ts', 'utf8')],
  ]);
});

test('the operations are the five, and but for `me` all may be sent by anybody', async () => {
  const document = parse(await readFile('hasura/frontend/operations.graphql', 'utf8'));
  const names = document.definitions.map((node) => ('name' in node ? node.name?.value : undefined));
  expect(names).toEqual(['Signup', 'Login', 'Me', 'Refresh', 'Logout']);
  const anonymous = buildSchema(await readFile('hasura/roles/anonymous.graphql', 'utf8'));
  expect(validate(anonymous, document)).toEqual([]);
});

test('the SDL of the role lacks the tables, which Hasura tells a generator with the headers that README names', async () => {
  const [, mine = ''] = /MINE = '(.*)'/.exec(await frontendBlock('session.ts')) ?? [];
  const shipped = buildSchema(await readFile('hasura/roles/user.graphql', 'utf8'));
  expect(validate(shipped, parse(mine)).map(({ message }) => message)).toEqual([
    'Cannot query field "portcullis_sessions" on type "Query".',
  ]);
  const told = await introspect(await frontendBlock('codegen.yml, for tables too'));
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
