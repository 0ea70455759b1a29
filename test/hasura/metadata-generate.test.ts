import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { is } from 'drizzle-orm';
import { PgTable, pgSchema, text } from 'drizzle-orm/pg-core';
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { HIDDEN_SCHEMAS } from '../../src/commands/hasura/metadata/database-role.ts';
import { databaseTables } from '../../src/commands/hasura/metadata/database-tables.ts';
import type { TableDescription } from '../../src/commands/hasura/metadata/declaration-types.ts';
import { generateMetadata } from '../../src/commands/hasura/metadata/files/plan.ts';
import { GENERATED } from '../../src/commands/hasura/metadata/generated-mark.ts';
import { asHasuraSeesIt } from '../../src/commands/hasura/metadata/hasura-introspection.ts';
import { metadataObjects } from '../../src/commands/hasura/metadata/objects/metadata.ts';
import { roleSdl } from '../../src/commands/hasura/metadata/role-sdl.ts';
import { withRoles } from '../../src/commands/hasura/metadata/served-roles.ts';
import { describeTable } from '../../src/commands/hasura/metadata/table-shape.ts';
import { users } from '../../src/db/tables/users.ts';
import { fixtureDeclaration as declaration, fixtureSdl } from './metadata-fixture.ts';

const sourceFolder = fileURLToPath(new URL('../../src', import.meta.url));
const schema = buildSchema(fixtureSdl);
const tables = databaseTables;

test('the SDL of a role holds its declared root fields and every type that they reach', () => {
  const sdl = roleSdl(asHasuraSeesIt(schema), {
    Query: ['authConfig', 'contractAddresses'],
    Mutation: ['login'],
  });
  expect(sdl).toBe(`type Query {
  authConfig: AuthConfig!
  contractAddresses(first: Int = 10, order: AddressOrder = NEWEST): [ContractAddress!]!
}

type Mutation {
  login(input: LoginInput!): AuthPayload!
}

enum AddressOrder {
  NEWEST
  OLDEST
}

type AuthConfig {
  signup: Boolean!
  passwordMinLength: Int!
}

type AuthPayload {
  accessToken: String!
  expiresAt: DateTime!
  user: User!
}

type ContractAddress {
  key: String!
  value: String!
  updatedAt: DateTime!
}

scalar DateTime

input LoginInput {
  email: String!
  password: String!
}

interface Person {
  id: ID!
  name: String
}

type User implements Person {
  id: ID!
  name: String
  email: String
  createdAt: DateTime!
}
`);
});

test('the SDL of a role without mutations has no Mutation type', () => {
  const sdl = roleSdl(asHasuraSeesIt(schema), { Query: ['authConfig'], Mutation: [] });
  const names = parse(sdl).definitions.map((node) => ('name' in node ? node.name?.value : undefined));
  expect(names).toEqual(['Query', 'AuthConfig']);
});

test('the generator refuses a role without queries and a role with an unknown field', () => {
  const seen = asHasuraSeesIt(schema);
  expect(() => roleSdl(seen, { Query: [], Mutation: ['login'] })).toThrow('at least one Query field');
  expect(() => roleSdl(seen, { Query: ['you'], Mutation: [] })).toThrow('Query.you is declared for a role');
});

test('the SDL of a role includes the types that implement an interface', () => {
  const withNode = buildSchema(
    'type Query { it: Node } interface Node { id: ID! } type A implements Node { id: ID! }',
  );
  expect(roleSdl(asHasuraSeesIt(withNode), { Query: ['it'], Mutation: [] })).toContain(
    'type A implements Node',
  );
});

test('the SDL of a role leaves out deprecated arguments and input fields and keeps deprecated fields', () => {
  const seen = asHasuraSeesIt(
    buildSchema(`type Query { a(old: Int @deprecated, new: Int): Int @deprecated b(in: In): Int }
      input In { old: Int @deprecated new: Int }`),
  );
  expect(roleSdl(seen, { Query: ['a', 'b'], Mutation: [] })).toBe(
    'type Query {\n  a(new: Int): Int\n  b(in: In): Int\n}\n\ninput In {\n  new: Int\n}\n',
  );
});

test('the generator refuses a root field without a role, unless the field is declared admin-only', () => {
  const grown = buildSchema(`${fixtureSdl} extend type Mutation { dropEverything: Boolean! }`);
  expect(() => generateMetadata({ schema: grown, tables, declaration })).toThrow('root field dropEverything');
  const remoteSchema = { ...declaration.remoteSchema, adminOnly: ['dropEverything'] };
  const files = generateMetadata({ schema: grown, tables, declaration: { ...declaration, remoteSchema } });
  expect(files.get('metadata/remote_schemas.yaml')).not.toContain('dropEverything');
  expect(files.get('schema.graphql')).toContain('dropEverything');
});

test('the generator refuses an undeclared table of the tracked schema, but not of the private schema', () => {
  const [strays, secrets] = ['portcullis', 'portcullis_private'].map((name) =>
    pgSchema(name).table(name === 'portcullis' ? 'strays' : 'secrets', { id: text() }),
  );
  expect(() => generateMetadata({ schema, tables: [...tables, strays!], declaration })).toThrow(
    'table strays',
  );
  expect(() => generateMetadata({ schema, tables: [...tables, secrets!], declaration })).not.toThrow();
});

test('the metadata describe each table, column, relationship, permission, action, type and trigger in one sentence', () => {
  const { sources, actions, custom_types, cron_triggers } = metadataObjects({ schema, tables, declaration });
  const [{ tables: tracked }] = sources;
  const texts = [
    ...tracked.flatMap(({ configuration }) => [
      configuration.comment,
      ...Object.values(configuration.column_config).map(({ comment }) => comment),
    ]),
    ...tracked
      .flatMap((table) => [
        ...[...(table.object_relationships ?? []), ...(table.array_relationships ?? [])],
        ...[...(table.select_permissions ?? []), ...(table.update_permissions ?? [])],
      ])
      .map(({ comment }) => comment),
    ...[...actions, ...cron_triggers].map(({ comment }) => comment),
    ...custom_types.objects.flatMap(({ description, fields }) => [
      description,
      ...fields.map((field) => field.description),
    ]),
  ];
  expect(texts.length).toBeGreaterThan(120);
  for (const text of texts) {
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(text?.split(' ').length, text).toBeLessThanOrEqual(20);
  }
});

test('the generator refuses a table, a column and a permission without a description', () => {
  const without = (change: (text: TableDescription) => TableDescription) => {
    const descriptions = declaration.descriptions.map((text) => (text.of === users ? change(text) : text));
    return () => metadataObjects({ schema, tables, declaration: { ...declaration, descriptions } });
  };
  const { email: _, ...columns } = declaration.descriptions.find(({ of }) => of === users)!.columns;
  expect(without((text) => ({ ...text, columns }))).toThrow(
    'say nothing about the description of users.email.',
  );
  expect(without((text) => ({ ...text, table: '' }))).toThrow('description of users.');
  expect(without(({ update: _, ...text }) => text)).toThrow('description of users (update).');
});

test('the metadata take column names from the database and relationships from foreign keys', () => {
  expect(describeTable(users).columns).toEqual([
    ...[
      'id',
      'email',
      'canonical_email',
      'name',
      'email_verified_at',
      'disabled_at',
      'created_at',
      'updated_at',
    ],
  ]);
  const files = generateMetadata({ schema, tables, declaration });
  const names = (table: string) => {
    const file = parseYaml(files.get(`metadata/databases/portcullis/tables/portcullis_${table}.yaml`)!);
    const list = [...(file.object_relationships ?? []), ...(file.array_relationships ?? [])];
    return list.map(({ name }: { name: string }) => name);
  };
  expect(names('users')).toEqual([
    ...['identities', 'inviter_invites', 'membership_roles', 'memberships', 'phones'],
    ...['sessions', 'user_roles'],
  ]);
  expect(names('teams')).toEqual([
    ...['active_team_sessions', 'invites', 'membership_roles', 'memberships', 'projects'],
  ]);
  expect(names('memberships')).toEqual(['team', 'user']);
  expect(names('sessions')).toEqual(['active_team', 'user']);
  // The key of two columns to memberships makes no relationship.
  expect(names('membership_roles')).toEqual(['team', 'user']);
  expect(names('jwks')).toEqual([]);
});

test('the SDL file of each role equals the SDL in the metadata', () => {
  const files = generateMetadata({ schema, tables, declaration });
  const [{ permissions }] = parseYaml(files.get('metadata/remote_schemas.yaml')!);
  const paths = [...files.keys()].filter((path) => path.startsWith('roles/'));
  expect(paths).toEqual(['roles/anonymous.graphql', 'roles/user.graphql']);
  for (const { role, definition } of permissions)
    expect(files.get(`roles/${role}.graphql`)).toBe(`${GENERATED}\n${definition.schema}`);
});

test('each declared role has the permissions and the SDL of user', () => {
  const files = generateMetadata({
    schema,
    tables,
    declaration: withRoles(declaration, ['editor', 'user', 'org:a']),
  });
  const [{ permissions }] = parseYaml(files.get('metadata/remote_schemas.yaml')!);
  const sdls = new Map(
    permissions.map(({ role, definition }: { role: string; definition: object }) => [role, definition]),
  );
  expect([...sdls.keys()]).toEqual(['anonymous', 'user', 'editor', 'org:a']);
  for (const role of ['editor', 'org:a']) expect(sdls.get(role)).toEqual(sdls.get('user'));
  const tableFiles = [...files].filter(([path]) => path.includes('/tables/portcullis_'));
  expect(tableFiles.length).toBeGreaterThan(8);
  for (const [path, text] of tableFiles) {
    const { select_permissions = [], update_permissions = [] } = parseYaml(text);
    for (const entries of [select_permissions, update_permissions]) {
      const of = (name: string) =>
        entries
          .filter(({ role }: { role: string }) => role === name)
          .map((entry: { permission: object }) => entry.permission);
      for (const role of ['editor', 'org:a']) expect(of(role), path).toEqual(of('user'));
    }
  }
  expect(withRoles(declaration, [])).toBe(declaration);
});

test('the generator writes the same files for the same input', () => {
  const files = generateMetadata({ schema, tables, declaration });
  expect([...generateMetadata({ schema, tables, declaration })]).toEqual([...files]);
});

test('each generated file outside the metadata says so in its first line', () => {
  const files = [...generateMetadata({ schema, tables, declaration })];
  const whole = files.filter(([path]) => !path.startsWith('metadata/'));
  expect(whole.map(([path]) => path)).toHaveLength(5);
  for (const [, content] of whole)
    expect(content).toMatch(/^(#|--) Generated by npm run hasura:generate; do not/);
});

test('the generator knows every table of the source code', async () => {
  const folder = `${sourceFolder}/db/tables`;
  const modules = await Promise.all((await readdir(folder)).map((file) => import(`${folder}/${file}`)));
  const found = modules.flatMap((module) => Object.values(module)).filter((value) => is(value, PgTable));
  expect(found.length).toBeGreaterThan(10);
  for (const table of found) expect(databaseTables).toContain(table);
});

test('the migrations create the schemas that are closed to Hasura’s database role', async () => {
  const migrate = await readFile(`${sourceFolder}/migrations/migrate.ts`, 'utf8');
  const { portcullisGuard, portcullisPrivate } = await import('../../src/db/tables/schemas.ts');
  const { JOBS_SCHEMA } = await import('../../src/jobs/queue.ts');
  const ours = [portcullisPrivate, portcullisGuard].map(({ schemaName }) => schemaName);
  expect(HIDDEN_SCHEMAS).toEqual([...ours, 'portcullis_migrations', JOBS_SCHEMA]);
  expect(migrate).toContain("'portcullis_migrations'");
  expect(migrate).toContain('migrateJobs(');
});
