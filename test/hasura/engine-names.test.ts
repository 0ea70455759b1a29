import { afterEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import type { EngineOptions } from '../support/hasura/engine.ts';
import type { Clash } from '../support/hasura/foreign/metadata.ts';
import type { EngineMetadata } from '../support/hasura/metadata-types.ts';
import { type ForeignStage, openForeignStage, withOurs } from './foreign-stage.ts';

// What happens in the stand-in when the shipped metadata stand beside those of an application that uses the same names.

const gateway = forFile(() => startGateway());
let stage: ForeignStage;
afterEach(() => stage.close());

async function installBeside(
  clashes: readonly Clash[],
  options: Partial<Omit<EngineOptions, 'gateway'>> = {},
) {
  stage = await openForeignStage(clashes, { gateway, ...options });
  return stage.replace(await withOurs(await stage.metadata()));
}
/** The shipped metadata with a namespace for the remote schema and a prefix for its types. */
async function installCustomized(
  clashes: readonly Clash[],
  options: Partial<Omit<EngineOptions, 'gateway'>> = {},
) {
  stage = await openForeignStage(clashes, { gateway, ...options });
  const all = await withOurs(await stage.metadata());
  const customization = { root_fields_namespace: 'auth', type_names: { prefix: 'Auth_' } };
  const remote_schemas = all.remote_schemas.map((remote) =>
    remote.name === 'portcullis'
      ? { ...remote, definition: { ...remote.definition, customization } }
      : remote,
  );
  return stage.replace({ ...all, remote_schemas });
}
const CONSISTENT = { status: 200, body: { is_consistent: true, inconsistent_objects: [] } };

test('without clashes both are consistent', async () => {
  expect(await installBeside([])).toEqual(CONSISTENT);
  expect(await stage.as('anonymous').run('{ authConfig { signup } }')).toEqual({
    authConfig: { signup: expect.any(Boolean) },
  });
  expect(await stage.as('admin').run('{ orders_by_pk(id: 2) { total } portcullis_users { id } }')).toEqual({
    ...{ orders_by_pk: { total: 10 }, portcullis_users: [] },
  });
});

describe('a root field that both have refuses everything with 500', () => {
  test.each<[string, Clash]>([
    ['a table sessions', 'sessions'],
    ['an action me', 'me'],
  ])('%s', async (_what, clash) => {
    const { status, body } = await installBeside([clash]);
    expect({ status, body }).toEqual({
      status: 500,
      body: {
        path: '$.args',
        code: 'unexpected',
        error: expect.stringContaining(
          `Encountered conflicting definitions in the selection set for 'subscription_root' for field '${clash}' defined in [`,
        ),
      },
    });
    expect((await stage.metadata()).sources.map(({ name }) => name)).toEqual([
      'analytics',
      'default',
      'warehouse',
    ]);
  });

  test('also if inconsistent metadata are allowed', async () => {
    stage = await openForeignStage(['sessions'], { gateway });
    const { status } = await stage.replace(await withOurs(await stage.metadata()), true);
    expect(status).toBe(500);
  });

  test('unless a namespace holds the root fields of the gateway', async () => {
    expect(await installCustomized(['sessions', 'me'])).toEqual(CONSISTENT);
    const page = stage.as('anonymous');
    expect(await page.run('{ auth { authConfig { __typename signup } } }')).toEqual({
      auth: { authConfig: { __typename: 'Auth_AuthConfig', signup: expect.any(Boolean) } },
    });
    expect(await stage.as('admin').run('{ sessions { id } }')).toEqual({ sessions: [{ id: 1 }] });
  });
});

describe('a type User of an action', () => {
  test('makes the remote schema inconsistent since 2.45.4', async () => {
    expect(await installBeside(['User'])).toMatchObject({
      status: 400,
      body: {
        internal: expect.arrayContaining([
          expect.objectContaining({
            name: 'remote_schema portcullis',
            reason: expect.stringContaining('Found conflicting definitions for "User"'),
          }),
        ]),
      },
    });
  });

  test('removes the remote schema silently before 2.45.4', async () => {
    expect(await installBeside(['User'], { version: 'v2.44.0' })).toEqual(CONSISTENT);
    const [error] = await stage.as('anonymous').refused('{ authConfig { signup } }');
    expect(error?.extensions.code).toBe('validation-failed');
  });

  test('is no conflict if a prefix renames the types of the gateway', async () => {
    expect(await installCustomized(['User'])).toEqual(CONSISTENT);
  });
});

describe('a table user in a source with the naming convention graphql-default', () => {
  const env = { HASURA_GRAPHQL_EXPERIMENTAL_FEATURES: 'naming_convention' };
  test('is a type User, which the remote schema has too, also if its root fields have other names', async () => {
    stage = await openForeignStage(['user table'], { gateway, env });
    const kinds = ['select', 'select_by_pk', 'select_aggregate', 'insert', 'insert_one'];
    const changes = ['update', 'update_by_pk', 'update_many', 'delete', 'delete_by_pk'];
    const custom_root_fields = Object.fromEntries(
      [...kinds, ...changes].map((kind) => [kind, `nick_${kind}`]),
    );
    const all = await withOurs(await stage.metadata());
    const sources = all.sources.map((source) => ({
      ...source,
      tables: source.tables.map((tracked) =>
        tracked.table.name === 'user' ? { ...tracked, configuration: { custom_root_fields } } : tracked,
      ),
    }));
    const { status, body } = await stage.replace({ ...all, sources });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('Found conflicting definitions for \\"User\\"');
  });

  test('has fields, arguments and root fields in camel case', async () => {
    expect(await installCustomized(['user table'], { env })).toEqual(CONSISTENT);
    const query =
      '{ orders(where: { placedAt: { _isNull: false } }, orderBy: { productId: ASC }) { productId } }';
    const [error] = await stage.as('admin').refused(query);
    expect(error?.message).toContain('_isNull');
    const rows = await stage
      .as('admin')
      .run(
        '{ orders(where: { customerId: { _is_null: false } }, orderBy: { productId: DESC }) { productId } ordersByPk(id: 2) { id } user { nickname } }',
      );
    expect(rows).toEqual({
      ...{
        orders: [{ productId: '2' }, { productId: '1' }, { productId: '1' }],
        ordersByPk: { id: 2 },
        user: [],
      },
    });
  });

  test('renames the gateway’s tables too if that is the engine’s default and the source does not pin a convention', async () => {
    const standard = { ...env, HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION: 'graphql-default' };
    stage = await openForeignStage([], { gateway, env: standard });
    const all = await withOurs(await stage.metadata());
    const sources = (customization: EngineMetadata['sources'][number]['customization']) =>
      all.sources.map((source) =>
        source.name === 'portcullis' ? { ...source, ...(customization && { customization }) } : source,
      );
    expect((await stage.replace({ ...all, sources: sources({ root_fields: { prefix: '' } }) })).status).toBe(
      200,
    );
    expect(await stage.as('admin').run('{ portcullisUsers { createdAt } }')).toEqual({ portcullisUsers: [] });
    expect(
      (await stage.replace({ ...all, sources: sources({ naming_convention: 'hasura-default' }) })).status,
    ).toBe(200);
    expect(await stage.as('admin').run('{ portcullis_users { created_at } }')).toEqual({
      portcullis_users: [],
    });
  });
});

test('one table in two sources is refused unless one of them has a prefix', async () => {
  stage = await openForeignStage([], { gateway });
  const metadata = await stage.metadata();
  const [shop] = metadata.sources.filter(({ name }) => name === 'default');
  const tables = [{ table: { schema: 'public', name: 'customers' } }];
  const copy = { ...shop, name: 'copy', tables };
  expect((await stage.replace({ ...metadata, sources: [...metadata.sources, copy] })).status).toBe(500);
  const customization = { root_fields: { prefix: 'copy_' }, type_names: { suffix: '_copy' } };
  const sources = [...metadata.sources, { ...copy, customization }];
  expect(await stage.replace({ ...metadata, sources })).toEqual(CONSISTENT);
  expect(
    await stage.as('admin').run('{ copy_customers(order_by: { name: asc }) { __typename name } }'),
  ).toEqual({
    copy_customers: ['Ada', 'Bob'].map((name) => ({ __typename: 'customers_copy', name })),
  });
});

test('two remote schemas with one root field: the later one is inconsistent', async () => {
  stage = await openForeignStage([], { gateway });
  const definition = { url_from_env: 'CATALOGUE_URL' };
  expect(await stage.ask('add_remote_schema', { name: 'second', definition })).toMatchObject({
    ...{ status: 400, body: { code: 'invalid-configuration' } },
  });
});

describe('with the permissions of remote schemas switched off', () => {
  const env = { HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: 'false' };
  test('the command is refused, the replacement is not, and every role sees everything', async () => {
    expect(await installBeside([], { env })).toEqual(CONSISTENT);
    const permission = {
      remote_schema: 'reviews',
      role: 'user',
      definition: { schema: 'type Query { latest: [Review!]! }' },
    };
    expect(await stage.ask('add_remote_schema_permissions', permission)).toMatchObject({
      ...{ status: 400, body: { code: 'constraint-violation' } },
    });
    const { __type: type } = await stage
      .as('anonymous')
      .run<{ __type: { fields: { name: string }[] } }>(
        '{ __type(name: "mutation_root") { fields { name } } }',
      );
    expect(type.fields.map(({ name }) => name)).toContain('disableAccount');
  });
});
