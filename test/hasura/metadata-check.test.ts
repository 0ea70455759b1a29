import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkMetadata } from '../../src/commands/hasura/metadata/check/check.ts';
import { isCronExpression } from '../../src/commands/hasura/metadata/check/cron.ts';
import { type RuleId, rules } from '../../src/commands/hasura/metadata/check/rules.ts';
import { databaseTables } from '../../src/commands/hasura/metadata/database-tables.ts';
import { writeMetadata } from '../../src/commands/hasura/metadata/files/write.ts';
import { schema as gatewaySchema } from '../../src/graphql/schema/schema.ts';
import { brokenGateway } from './metadata-broken-gateway.ts';
import { brokenSchemas } from './metadata-broken-schema.ts';
import { brokenSessions, SESSIONS_FILTER } from './metadata-broken-sessions.ts';
import { brokenTables } from './metadata-broken-tables.ts';
import { type BrokenExample, edited, lines, tableFile } from './metadata-example.ts';
import { fixtureDeclaration as declaration, fixtureSdl } from './metadata-fixture.ts';

const hasura = fileURLToPath(new URL('../../hasura', import.meta.url));
const schema = buildSchema(fixtureSdl);
const tables = databaseTables;
const brokenExamples = [...brokenTables, ...brokenSessions, ...brokenSchemas, ...brokenGateway];

let folder: string;
let good: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hasura-check-'));
  good = join(folder, 'good');
  await writeMetadata(good, { schema, tables, declaration });
});
afterAll(() => rm(folder, { recursive: true }));

async function breakTree(directory: string, example: BrokenExample): Promise<void> {
  const metadata = join(directory, 'metadata');
  if (example.remove !== undefined) await rm(join(metadata, example.remove));
  if (example.add !== undefined) await writeFile(join(metadata, example.add[0]), example.add[1]);
  if (example.edit === undefined) return;
  const [file, from, to] = example.edit;
  const content = await readFile(join(metadata, file), 'utf8');
  expect(content).toContain(from);
  const edited = example.firstOnly ? content.replace(from, () => to) : content.replaceAll(from, () => to);
  await writeFile(join(metadata, file), edited);
}

/** The rules that fire. Every edited tree also breaks `in-step`, which counts only in the examples of that rule. */
async function firing(
  directory: string,
  checked: GraphQLSchema,
  { rule, declaration: declared = declaration }: BrokenExample,
): Promise<RuleId[]> {
  const findings = await checkMetadata({ directory, schema: checked, tables, declaration: declared });
  const fired = new Set(findings.map((finding) => finding.rule));
  return [...fired].filter((fired) => fired !== 'in-step' || rule === 'in-step');
}

test('the committed metadata break no rule', async () => {
  expect(await checkMetadata({ directory: hasura, schema: gatewaySchema, tables })).toEqual([]);
});

test('freshly generated metadata break no rule', async () => {
  expect(await checkMetadata({ directory: good, schema, tables, declaration })).toEqual([]);
});

test.for(brokenExamples.map((example, index) => ({ ...example, index })))(
  'the rule $rule finds $what',
  async ({ index, ...example }) => {
    const directory = join(folder, String(index));
    await cp(good, directory, { recursive: true });
    await breakTree(directory, example);
    const checked = example.sdl === undefined ? schema : buildSchema(example.sdl, { assumeValidSDL: true });
    const expected = [example.rule, ...(example.also ?? [])];
    expect((await firing(directory, checked, example)).sort()).toEqual(expected.sort());
  },
);

const SIGNED_IN =
  '{_and: [{disabled_at: {_is_null: true}}, {sessions: {_and: [{id: {_eq: x-hasura-session-id}}], revoked_at: {_is_null: true}}}]}';
test.for([
  ['under _and', `_and: [{user_id: {_eq: X-Hasura-User-Id}}, {user: ${SIGNED_IN}}]`],
  [
    'in every branch of _or',
    `_or: [{user: ${SIGNED_IN}}, {active_team: {memberships: {user: ${SIGNED_IN}}}}]`,
  ],
])('the rule filter-live-session accepts the condition %s', async ([, filter]) => {
  const directory = await mkdtemp(join(folder, 'live-'));
  await cp(good, directory, { recursive: true });
  const example = edited(
    tableFile('sessions'),
    'filter-live-session',
    '',
    lines(8, ...SESSIONS_FILTER),
    lines(8, filter ?? ''),
  );
  await breakTree(directory, example);
  expect(await firing(directory, schema, example)).toEqual([]);
});

test('every rule has a broken example', () => {
  const proved = new Set(brokenExamples.map(({ rule }) => rule));
  expect(Object.keys(rules).filter((rule) => !proved.has(rule as RuleId))).toEqual([]);
});

test('hasura/README.md names every rule under the heading that the rule cites', async () => {
  const readme = await readFile(join(hasura, 'README.md'), 'utf8');
  for (const [rule, heading] of Object.entries(rules)) {
    const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
    expect(section, heading).toBeDefined();
    expect(section, heading).toContain(`\`${rule}\``);
  }
});

test('hasura/README.md shows the shipped filters of users and sessions', async () => {
  const readme = await readFile(join(hasura, 'README.md'), 'utf8');
  const [, section = ''] = /^## Filters\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const shown = [...section.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(
    ([, text = '']) => parse(text) as unknown,
  );
  const shipped = async (table: string) => {
    const text = await readFile(join(hasura, 'metadata', tableFile(table)), 'utf8');
    const { select_permissions } = parse(text) as {
      select_permissions: { permission: { filter: object } }[];
    };
    return { filter: select_permissions[0]?.permission.filter };
  };
  expect(shown).toEqual([await shipped('users'), await shipped('sessions')]);
});

test('the check reads include tags as the Hasura CLI writes them', async () => {
  const directory = join(folder, 'tags');
  await cp(good, directory, { recursive: true });
  await breakTree(directory, {
    ...{ rule: 'in-step', what: '' },
    edit: [
      'databases/databases.yaml',
      '"!include portcullis/tables/tables.yaml"',
      '!include portcullis/tables/tables.yaml',
    ],
  });
  expect(await checkMetadata({ directory, schema, tables, declaration })).toEqual([]);
});

test('the rule in-step finds an edited, a missing and an unknown SDL file of a role', async () => {
  const directory = join(folder, 'roles');
  await cp(good, directory, { recursive: true });
  const [anonymous, user] = ['anonymous', 'user'].map((role) => join(directory, 'roles', `${role}.graphql`));
  await writeFile(join(directory, 'roles', 'admin.graphql'), await readFile(user!, 'utf8'));
  await appendFile(user!, 'scalar Money\n');
  await rm(anonymous!);
  const findings = await checkMetadata({ directory, schema, tables, declaration });
  expect(findings.map(({ rule, where }) => `${rule} ${where}`)).toEqual([
    'in-step roles/anonymous.graphql',
    'in-step roles/user.graphql',
    'in-step roles/admin.graphql',
  ]);
  await writeMetadata(directory, { schema, tables, declaration });
  expect(await checkMetadata({ directory, schema, tables, declaration })).toEqual([]);
});

test('a schema that the generator refuses is reported as a finding', async () => {
  const grown = buildSchema(`${fixtureSdl} extend type Mutation { logout: Boolean! }`);
  const findings = await checkMetadata({ directory: good, schema: grown, tables, declaration });
  expect(findings.map(({ rule }) => rule)).toEqual(['root-field-assigned', 'in-step']);
  expect(findings[1]?.message).toContain('root field logout');
});

test.for([
  ...['* * * * *', '*/10 * * * *', '17 * * * *', '0 0 1,15 * 1-5', '5-59/5 0-23 * 12 7'].map((it) => [
    it,
    true,
  ]),
  ...[
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '*/0 * * * *',
    '5-1 * * * *',
    'a * * * *',
  ].map((it) => [it, false]),
] as [string, boolean][])('isCronExpression of "%s" is %s', ([schedule, good]) => {
  expect(isCronExpression(schedule)).toBe(good);
});
