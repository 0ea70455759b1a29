import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkMetadata } from '../../src/commands/hasura/metadata/check/check.ts';
import { databaseTables } from '../../src/commands/hasura/metadata/database-tables.ts';
import { writeMetadata } from '../../src/commands/hasura/metadata/files/write.ts';
import { withRoles } from '../../src/commands/hasura/metadata/served-roles.ts';
import { addApplication, replaceIn } from './application-metadata.ts';
import { fixtureDeclaration as declaration, fixtureSdl } from './metadata-fixture.ts';

const schema = buildSchema(fixtureSdl);
const input = { schema, tables: databaseTables, declaration };

const tables = 'databases/portcullis/tables';

let folder: string;
let shared: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hasura-beside-'));
  shared = join(folder, 'shared');
  await writeMetadata(shared, input);
  await addApplication(join(shared, 'metadata'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Returns a copy of the folder that an application shares with us. */
async function copy(): Promise<{ directory: string; metadata: string }> {
  const directory = await mkdtemp(join(folder, 'copy-'));
  await cp(shared, directory, { recursive: true });
  return { directory, metadata: join(directory, 'metadata') };
}

async function contents(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files
    .sort()
    .map(async (path) => [path.slice(directory.length + 1), await readFile(path, 'utf8')]);
  return Object.fromEntries(await Promise.all(read));
}

const findingsIn = async (directory: string) =>
  (await checkMetadata({ directory, ...input })).map(({ rule, where }) => `${rule} ${where}`);

test('an application’s tables, sources, actions, remote schemas, triggers and roles yield no finding', async () => {
  expect(await checkMetadata({ directory: shared, ...input })).toEqual([]);
});

test('the generator keeps an application’s metadata byte for byte', async () => {
  const { directory } = await copy();
  await writeMetadata(directory, input);
  expect(await contents(directory)).toEqual(await contents(shared));
});

test('the generator renews its own entries and leaves the lines of an application as they are', async () => {
  const { directory, metadata } = await copy();
  await replaceIn(metadata, 'cron_triggers.yaml', '17 * * * *', '18 * * * *');
  await replaceIn(metadata, 'actions.yaml', 'timeout: 30', 'timeout: 31');
  await replaceIn(metadata, 'actions.graphql', '  "The ENS name."\n  key: String!\n', '');
  await replaceIn(metadata, 'remote_schemas.yaml', 'timeout_seconds: 15', 'timeout_seconds: 16');
  await replaceIn(metadata, 'databases/databases.yaml', 'read-committed', 'serializable');
  await replaceIn(metadata, 'databases/portcullis/tables/portcullis_users.yaml', 'limit: 100', 'limit: 101');
  expect(await findingsIn(directory)).toHaveLength(7);
  await writeMetadata(directory, input);
  expect(await contents(directory)).toEqual(await contents(shared));
});

test('the generator adds its missing entries after those of an application', async () => {
  const { directory, metadata } = await copy();
  await writeFile(join(metadata, 'cron_triggers.yaml'), '- name: nightly\n  schedule: 0 3 * * *\n');
  await writeFile(
    join(metadata, 'databases/portcullis/tables/tables.yaml'),
    '- "!include public_notes.yaml"',
  );
  await writeMetadata(directory, input);
  const triggers = await readFile(join(metadata, 'cron_triggers.yaml'), 'utf8');
  expect(triggers).toMatch(/^- name: nightly\n {2}schedule: 0 3 \* \* \*\n- name: refresh_ens\n/);
  const tables = await readFile(join(metadata, 'databases/portcullis/tables/tables.yaml'), 'utf8');
  expect(tables).toMatch(/^- "!include public_notes.yaml"\n- "!include portcullis_cache.yaml"\n/);
});

test('the generator keeps lists in flow style and empty lists as values', async () => {
  const { directory, metadata } = await copy();
  await writeFile(join(metadata, 'cron_triggers.yaml'), '# Mine.\n[{name: nightly, schedule: 0 3 * * *}]\n');
  await writeFile(join(metadata, 'remote_schemas.yaml'), '# Mine.\n[]\n');
  await writeMetadata(directory, input);
  const triggers = await readFile(join(metadata, 'cron_triggers.yaml'), 'utf8');
  expect(triggers).toContain('# Mine.');
  expect(parse(triggers).map(({ name }: { name: string }) => name)).toEqual([
    'nightly',
    'refresh_ens',
    'prune',
  ]);
  expect(await readFile(join(metadata, 'remote_schemas.yaml'), 'utf8')).toMatch(
    /^# Mine.\n- name: portcullis\n/,
  );
});

test('relationships that an application adds to our tables and our remote schema stay, without a finding', async () => {
  const { directory, metadata } = await copy();
  const users = 'databases/portcullis/tables/portcullis_users.yaml';
  const notes =
    '  - name: notes\n    using: {foreign_key_constraint_on: {column: owner_id, table: {schema: public, name: notes}}}\n';
  await replaceIn(metadata, users, 'array_relationships:\n', `array_relationships:\n${notes}`);
  await replaceIn(
    metadata,
    'remote_schemas.yaml',
    '  comment: Sign-up',
    '  remote_relationships: [{type_name: User, relationships: []}]\n  comment: Sign-up',
  );
  const before = await contents(directory);
  expect((await findingsIn(directory)).filter((finding) => !finding.startsWith('in-step'))).toEqual([]);
  await writeMetadata(directory, input);
  expect(await findingsIn(directory)).toEqual([]);
  const after = await contents(directory);
  const relationshipsIn = (files: Record<string, string>) =>
    parse(files[`metadata/${users}`] ?? '').array_relationships.map(({ name }: { name: string }) => name);
  expect(relationshipsIn(after).sort()).toEqual(relationshipsIn(before).sort());
  expect(parse(after['metadata/remote_schemas.yaml'] ?? '')[0].remote_relationships).toHaveLength(1);
});

test('the generator finds its actions again after an export of Hasura’s CLI', async () => {
  const { directory, metadata } = await copy();
  const before = await readFile(join(metadata, 'actions.graphql'), 'utf8');
  const fields = [...before.matchAll(/type Mutation \{([^}]*)\}/g)]
    .flatMap(([, lines = '']) => lines.trim().split('\n'))
    .map((line) => line.trim());
  expect(fields).toContain('placeOrder(order: OrderInput!): OrderOutput');
  const roots = fields.map((field) => `type Mutation {\n  ${field}\n}`);
  const types = before.replaceAll(/^#.*\n/gm, '').replaceAll(/type Mutation \{[^}]*\}\n/g, '');
  await writeFile(join(metadata, 'actions.graphql'), `${roots.join('\n\n')}\n\n${types.trim()}\n`);
  expect(await findingsIn(directory)).toEqual(['in-step metadata/actions.graphql']);
  await writeMetadata(directory, input);
  expect(await findingsIn(directory)).toEqual([]);
  const after = await readFile(join(metadata, 'actions.graphql'), 'utf8');
  for (const name of [
    'refreshEns:',
    'generateJwk:',
    'assignRoles(',
    'placeOrder(',
    'type ContractAddressActionOutput',
  ])
    expect(after.split(name)).toHaveLength(2);
});

test('the generator removes its own entries that it no longer makes, and nothing else', async () => {
  const { directory } = await copy();
  const former = {
    ...input,
    declaration: {
      ...declaration,
      cronTriggers: [...declaration.cronTriggers, { ...declaration.cronTriggers[0]!, name: 'former' }],
      actions: {
        ...declaration.actions,
        sdl: `${declaration.actions.sdl.replace('{', '{\n  former: FormerActionOutput!')}\ntype FormerActionOutput { a: Int }\n`,
        list: [...declaration.actions.list, { name: 'former', timeoutSeconds: 5, comment: 'It was.' }],
      },
    },
  };
  await writeMetadata(directory, former);
  const table = 'metadata/databases/portcullis/tables/portcullis_former.yaml';
  await writeFile(join(directory, table), 'table: {schema: portcullis, name: former}\n');
  await replaceIn(
    join(directory, 'metadata'),
    'databases/portcullis/tables/tables.yaml',
    '- "',
    '- "!include portcullis_former.yaml"\n- "',
  );
  expect(await findingsIn(directory)).toContain(`in-step ${table}`);
  await writeMetadata(directory, input);
  expect(await contents(directory)).toEqual(await contents(shared));
});

test('the generator removes the permissions of a role that is no longer declared', async () => {
  const { directory } = await copy();
  await writeMetadata(directory, { ...input, declaration: withRoles(declaration, ['editor']) });
  const [users, sdl] = [`metadata/${tables}/portcullis_users.yaml`, 'roles/editor.graphql'];
  const given = await contents(directory);
  expect(parse(given[users] ?? '').select_permissions.map(({ role }: { role: string }) => role)).toContain(
    'editor',
  );
  expect(given[sdl]).toBeDefined();
  await writeMetadata(directory, input);
  expect(await contents(directory)).toEqual(await contents(shared));
});

test('the generator writes nothing if a file is not YAML, and names the file', async () => {
  const { directory, metadata } = await copy();
  await rm(join(metadata, 'version.yaml'));
  await writeFile(join(metadata, 'cron_triggers.yaml'), '- [');
  const before = await contents(directory);
  await expect(writeMetadata(directory, input)).rejects.toThrow(
    'hasura/metadata/cron_triggers.yaml is not YAML',
  );
  expect(await contents(directory)).toEqual(before);
});

type Broken = [what: string, file: string, from: string, to: string, findings: string[]];
test.for<Broken>([
  [
    'that tracks a table of ours in another source',
    'databases/warehouse/tables/sales_orders.yaml',
    '{dataset: sales, name: orders}',
    '{schema: portcullis, name: users}',
    ['table-tracked table portcullis.users'],
  ],
  [
    'that tracks a table of a private schema',
    `${tables}/public_labels.yaml`,
    '{name: labels, schema: public}',
    '{name: passwords, schema: portcullis_private}',
    ['table-schema table portcullis_private.passwords'],
  ],
  [
    'with a computed field on a table of ours',
    `${tables}/portcullis_cache.yaml`,
    'select_permissions:',
    'computed_fields: [{name: excerpt}]\nselect_permissions:',
    ['computed-fields databases.0.tables.0.computed_fields'],
  ],
  [
    'with an event trigger on a table of ours',
    `${tables}/portcullis_users.yaml`,
    'select_permissions:',
    'event_triggers: [{name: hook}]\nselect_permissions:',
    ['event-triggers table portcullis.users'],
  ],
  [
    'with a permission of its role on a table of ours',
    `${tables}/portcullis_users.yaml`,
    'select_permissions:\n',
    'select_permissions:\n  - {role: editor, permission: {columns: [id], filter: {id: {_eq: X-Hasura-User-Id}, disabled_at: {_is_null: true}, sessions: {id: {_eq: X-Hasura-Session-Id}, revoked_at: {_is_null: true}}}, limit: 1}}\n',
    ['role-known table portcullis.users, select'],
  ],
  [
    'with a permission of its role on our remote schema',
    'remote_schemas.yaml',
    '  permissions:\n',
    '  permissions:\n    - {role: editor, definition: {schema: "type Query { contractAddresses: Int }"}}\n',
    [
      'role-known remote schema portcullis',
      'sdl-type remote schema portcullis, role editor, Query.contractAddresses',
    ],
  ],
  [
    'with a table that takes a name of ours',
    `${tables}/public_labels.yaml`,
    '{name: labels, schema: public}',
    '{name: me, schema: public}',
    ['names-unique me'],
  ],
  [
    'with an action type that takes a name of ours',
    'actions.graphql',
    'type OrderOutput {',
    'type Team { a: Int }\ntype OrderOutput {',
    ['names-unique Team'],
  ],
  [
    'with an action that has no handler',
    'actions.graphql',
    'type Query {',
    'type Query { lost: Int',
    ['action-declared actions.yaml'],
  ],
  [
    'with an action that has no field',
    'actions.yaml',
    '- name: quote',
    '- name: lost\n    definition: {handler: "https://a.example"}\n  - name: quote',
    ['action-declared actions.graphql'],
  ],
  [
    'that sends the gateway’s secret elsewhere',
    'cron_triggers.yaml',
    '    schedule: 0 3',
    '    headers: [{name: x-key, value_from_env: INTERNAL_ENDPOINTS_SECRET}]\n    schedule: 0 3',
    ['secret-header cron_triggers.2.headers.0'],
  ],
  [
    'with a relationship on a table of ours that takes the name of a column',
    `${tables}/portcullis_users.yaml`,
    'array_relationships:\n',
    'array_relationships:\n  - {name: email, using: {manual_configuration: {}}}\n',
    ['relationship table portcullis.users'],
  ],
])('the check finds an application %s', async ([, file, from, to, findings]) => {
  const { directory, metadata } = await copy();
  await replaceIn(metadata, file, from, to);
  const found = (await findingsIn(directory)).filter((finding) => !finding.startsWith('in-step'));
  expect(found.filter((finding) => !finding.startsWith('names-unique'))).toEqual(
    findings.filter((finding) => !finding.startsWith('names-unique')),
  );
  expect(found).toEqual(expect.arrayContaining(findings));
});

test('a table file of ours that another tool rewrote with the same meaning yields no finding', async () => {
  const { directory, metadata } = await copy();
  const path = join(metadata, tables, 'portcullis_users.yaml');
  await writeFile(path, stringify(parse(await readFile(path, 'utf8')), { indentSeq: false }));
  expect(await findingsIn(directory)).toEqual([]);
});
