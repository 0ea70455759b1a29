import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { is } from 'drizzle-orm';
import { PgTable, pgSchema, text } from 'drizzle-orm/pg-core';
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { databaseTables } from '../../src/commands/hasura/metadata/database-tables.ts';
import { generateMetadata } from '../../src/commands/hasura/metadata/generate.ts';
import { GENERATED } from '../../src/commands/hasura/metadata/generated-mark.ts';
import { asHasuraSeesIt } from '../../src/commands/hasura/metadata/hasura-introspection.ts';
import { roleSdl } from '../../src/commands/hasura/metadata/role-sdl.ts';
import { describeTable } from '../../src/commands/hasura/metadata/table-shape.ts';
import { users } from '../../src/db/tables/users.ts';
import { fixtureDeclaration as declaration, fixtureSdl } from './metadata-fixture.ts';

const sourceFolder = fileURLToPath(new URL('../../src', import.meta.url));
const schema = buildSchema(fixtureSdl);
const tables = databaseTables;

test('a role sees the listed root fields and what they reach, as Hasura knows it', () => {
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

test('a role without mutations has no Mutation type', () => {
  const sdl = roleSdl(asHasuraSeesIt(schema), { Query: ['authConfig'], Mutation: [] });
  const names = parse(sdl).definitions.map((node) => ('name' in node ? node.name?.value : undefined));
  expect(names).toEqual(['Query', 'AuthConfig']);
});

test('a role without queries, or with a field that does not exist, is refused', () => {
  const seen = asHasuraSeesIt(schema);
  expect(() => roleSdl(seen, { Query: [], Mutation: ['login'] })).toThrow('at least one Query field');
  expect(() => roleSdl(seen, { Query: ['you'], Mutation: [] })).toThrow('Query.you is declared for a role');
});

test('an interface brings the types that implement it', () => {
  const withNode = buildSchema(
    'type Query { it: Node } interface Node { id: ID! } type A implements Node { id: ID! }',
  );
  expect(roleSdl(asHasuraSeesIt(withNode), { Query: ['it'], Mutation: [] })).toContain(
    'type A implements Node',
  );
});

test('deprecated arguments and input fields vanish, deprecated fields stay', () => {
  const seen = asHasuraSeesIt(
    buildSchema(`type Query { a(old: Int @deprecated, new: Int): Int @deprecated b(in: In): Int }
      input In { old: Int @deprecated new: Int }`),
  );
  expect(roleSdl(seen, { Query: ['a', 'b'], Mutation: [] })).toBe(
    'type Query {\n  a(new: Int): Int\n  b(in: In): Int\n}\n\ninput In {\n  new: Int\n}\n',
  );
});

test('a root field that nobody mentions is an error, unless it is declared admin-only', () => {
  const grown = buildSchema(`${fixtureSdl} extend type Mutation { dropEverything: Boolean! }`);
  expect(() => generateMetadata({ schema: grown, tables, declaration })).toThrow('root field dropEverything');
  const remoteSchema = { ...declaration.remoteSchema, adminOnly: ['dropEverything'] };
  const files = generateMetadata({ schema: grown, tables, declaration: { ...declaration, remoteSchema } });
  expect(files.get('metadata/remote_schemas.yaml')).not.toContain('dropEverything');
  expect(files.get('schema.graphql')).toContain('dropEverything');
});

test('a table of the tracked schema that nobody mentions is an error; private ones are not', () => {
  const [strays, secrets] = ['portcullis', 'portcullis_private'].map((name) =>
    pgSchema(name).table(name === 'portcullis' ? 'strays' : 'secrets', { id: text() }),
  );
  expect(() => generateMetadata({ schema, tables: [...tables, strays!], declaration })).toThrow(
    'table strays',
  );
  expect(() => generateMetadata({ schema, tables: [...tables, secrets!], declaration })).not.toThrow();
});

test('column names are the ones in the database, and relationships follow from foreign keys', () => {
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
    const file = parseYaml(files.get(`metadata/databases/default/tables/portcullis_${table}.yaml`)!);
    const list = [...(file.object_relationships ?? []), ...(file.array_relationships ?? [])];
    return list.map(({ name }: { name: string }) => name);
  };
  expect(names('users')).toEqual(['inviter_invites', 'memberships', 'sessions']);
  expect(names('teams')).toEqual(['active_team_sessions', 'invites', 'memberships', 'projects']);
  expect(names('memberships')).toEqual(['team', 'user']);
  expect(names('sessions')).toEqual(['active_team', 'user']);
  expect(names('jwks')).toEqual([]);
});

test('each role’s SDL is also a file of its own, as the metadata has it', () => {
  const files = generateMetadata({ schema, tables, declaration });
  const [{ permissions }] = parseYaml(files.get('metadata/remote_schemas.yaml')!);
  const paths = [...files.keys()].filter((path) => path.startsWith('roles/'));
  expect(paths).toEqual(['roles/anonymous.graphql', 'roles/user.graphql']);
  for (const { role, definition } of permissions)
    expect(files.get(`roles/${role}.graphql`)).toBe(`${GENERATED}\n${definition.schema}`);
});

test('the same input gives the same files, every one marked as generated', () => {
  const files = generateMetadata({ schema, tables, declaration });
  expect([...generateMetadata({ schema, tables, declaration })]).toEqual([...files]);
  for (const content of files.values())
    expect(content).toMatch(/^(#|--) Generated by npm run hasura:generate; do not/);
});

test('every table of the source is known to the generator', async () => {
  const files = (await readdir(sourceFolder, { recursive: true })).filter((path) =>
    /^[^/]+\/tables\.ts$/.test(path),
  );
  for (const path of files) {
    const module: Record<string, unknown> = await import(`${sourceFolder}/${path}`);
    const found = Object.values(module).filter((value) => is(value, PgTable));
    expect(found.length, path).toBeGreaterThan(0);
    for (const table of found) expect(databaseTables, path).toContain(table);
  }
});

test('the migrations make the schemas that the grants speak of', async () => {
  const sql = generateMetadata({ schema, tables, declaration }).get('database-role.sql')!;
  const schemas = [...new Set([...sql.matchAll(/in schema "(\w+)"/g)].map(([, name]) => name))];
  const migrate = await readFile(`${sourceFolder}/migrations/migrate.ts`, 'utf8');
  const { portcullis, portcullisPrivate } = await import('../../src/db/tables/schemas.ts');
  const { JOBS_SCHEMA } = await import('../../src/jobs/queue.ts');
  const ours = [portcullis.schemaName, portcullisPrivate.schemaName];
  expect(schemas).toEqual([...ours, 'portcullis_migrations', JOBS_SCHEMA]);
  expect(migrate).toContain("'portcullis_migrations'");
  expect(migrate).toContain('migrateJobs(');
});
