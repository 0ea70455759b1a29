import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { openForeignStage } from './foreign-stage.ts';

// Sources and tables in the stand-in's metadata API, with its traps.

const stage = forFile(() => openForeignStage());

const CONFIGURATION = { connection_info: { database_url: { from_env: 'SHOP_DATABASE_URL' } } };
const table = (name: string, schema = 'public') => ({ schema, name });
const CUSTOMERS = table('customers');

test('pg_add_source refuses a source that exists; replace_configuration keeps its tables and resets its customization', async () => {
  const args = { name: 'analytics', configuration: CONFIGURATION };
  expect(await stage.ask('pg_add_source', args)).toEqual({
    status: 400,
    body: { error: 'source with name "analytics" already exists', path: '$.args', code: 'already-exists' },
  });
  const before = (await stage.metadata()).sources.find(({ name }) => name === 'analytics');
  const configuration = before?.configuration;
  const again = { name: 'analytics', configuration, replace_configuration: true };
  expect((await stage.ask('pg_add_source', again)).status).toBe(200);
  const after = (await stage.metadata()).sources.find(({ name }) => name === 'analytics');
  expect(before).toHaveProperty('customization');
  expect(after).toEqual({ ...before, customization: undefined });
  const { customization } = before ?? {};
  await stage.ask('pg_update_source', { name: 'analytics', customization });
  expect((await stage.metadata()).sources.find(({ name }) => name === 'analytics')).toEqual(before);
});

test('pg_add_source overwrites a source of its name that does not answer, with its tables', async () => {
  const { sources, ...others } = await stage.metadata();
  const down = { connection_info: { database_url: 'postgres://nobody@127.0.0.1:1/gone' } };
  const lost = { name: 'lost', kind: 'postgres', tables: [{ table: CUSTOMERS }], configuration: down };
  const metadata = { ...others, sources: [...sources, lost] };
  expect(await stage.replace(metadata)).toMatchObject({
    status: 400,
    body: { code: 'unexpected', error: 'cannot continue due to inconsistent metadata' },
  });
  expect(await stage.replace(metadata, true)).toMatchObject({
    status: 200,
    body: { is_consistent: false, inconsistent_objects: [{ type: 'source', name: 'source lost' }] },
  });
  expect((await stage.ask('pg_add_source', { name: 'lost', configuration: CONFIGURATION })).status).toBe(200);
  expect((await stage.metadata()).sources.find(({ name }) => name === 'lost')?.tables).toEqual([]);
  expect((await stage.ask('pg_drop_source', { name: 'lost' })).status).toBe(200);
});

test('a source of theirs that is down refuses every strict replacement, and its tables stay in the metadata', async () => {
  const metadata = await stage.metadata();
  const [analytics, ...others] = metadata.sources;
  const down = {
    ...analytics,
    configuration: { connection_info: { database_url: { from_env: 'NOT_SET' } } },
  };
  const broken = { ...metadata, sources: [down, ...others] };
  expect((await stage.replace(broken, true)).body).toMatchObject({ is_consistent: false });
  expect((await stage.replace(await stage.metadata())).status).toBe(400);
  expect((await stage.metadata()).sources[0]?.tables).toEqual(analytics?.tables);
  expect(await stage.as('admin').run('{ orders_by_pk(id: 2) { id } }')).toEqual({ orders_by_pk: { id: 2 } });
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('pg_track_table refuses a tracked table; without a source it means the source default', async () => {
  expect(await stage.ask('pg_track_table', { table: CUSTOMERS })).toMatchObject({
    status: 400,
    body: { code: 'already-tracked' },
  });
  expect((await stage.ask('pg_track_table', { table: 'sessions' })).status).toBe(200);
  const tracked = (await stage.metadata()).sources.find(({ name }) => name === 'default')?.tables;
  expect(tracked?.map((entry) => entry.table.name)).toEqual(['customers', 'orders', 'sessions']);
  expect(await stage.ask('pg_track_table', { table: 'missing' })).toMatchObject({
    status: 400,
    body: { code: 'invalid-configuration', error: 'no such table/view exists in source: "public.missing"' },
  });
  expect(await stage.ask('pg_track_table', { source: 'nowhere', table: 'x' })).toMatchObject({
    status: 400,
    body: { code: 'not-exists' },
  });
  expect((await stage.ask('pg_untrack_table', { table: 'sessions' })).status).toBe(200);
});

test('pg_track_tables answers 200 with warnings if one table fails', async () => {
  const tables = [{ table: 'customers' }, { table: 'sessions' }];
  expect(await stage.ask('pg_track_tables', { tables })).toMatchObject({
    status: 200,
    body: { message: 'success', warnings: [{ message: expect.stringContaining('already tracked') }] },
  });
  expect((await stage.ask('pg_untrack_tables', { tables: [{ table: 'sessions' }] })).status).toBe(200);
});

test('pg_untrack_table refuses while others depend on the table; cascade removes their relationships and permissions', async () => {
  const metadata = await stage.metadata();
  const filter = { customer: { vip: { _eq: true } } };
  const permission = { columns: ['id'], filter };
  await stage.ask('pg_create_select_permission', { table: 'orders', role: 'auditor', permission });
  const refused = await stage.ask('pg_untrack_table', { table: CUSTOMERS });
  expect(refused).toMatchObject({ status: 400, body: { code: 'dependency-error' } });
  expect(refused.body.error).toContain('relationship public.orders.customer');
  expect(refused.body.error).toContain('permission public.orders.auditor.select');
  expect((await stage.ask('pg_untrack_table', { table: CUSTOMERS, cascade: true })).status).toBe(200);
  const [orders] = (await stage.metadata()).sources.find(({ name }) => name === 'default')?.tables ?? [];
  expect(orders?.object_relationships).toEqual([]);
  expect(orders?.select_permissions?.map(({ role }) => role)).toEqual(['clerk', 'user']);
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('pg_drop_source refuses while a join of another source leads to it', async () => {
  expect(await stage.ask('pg_drop_source', { name: 'analytics' })).toMatchObject({
    ...{ status: 400, body: { code: 'dependency-error' } },
  });
});

test('a relationship of a remote schema needs its table, and pg_untrack_table names it', async () => {
  const refused = await stage.ask('pg_untrack_table', { table: 'orders' });
  expect(refused.body.error).toContain('remote schema relationship catalogue.Product.orders');
  const metadata = await stage.metadata();
  const sources = metadata.sources.map((source) => ({
    ...source,
    tables: source.tables.filter((tracked) => tracked.table.name !== 'orders'),
  }));
  const { body } = await stage.replace({ ...metadata, sources }, true);
  expect(body.inconsistent_objects).toContainEqual(
    expect.objectContaining({
      name: 'remote_schema_remote_relationship orders on Product in remote schema catalogue',
    }),
  );
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('a relationship by a foreign key cannot leave its source', async () => {
  const using = { foreign_key_constraint_on: 'customer_id' };
  const args = { source: 'analytics', table: table('events', 'measured'), name: 'customer', using };
  expect(await stage.ask('pg_create_object_relationship', args)).toMatchObject({
    ...{ status: 400, body: { code: 'invalid-configuration' } },
  });
});

test('relationships and permissions are created once; dropping a missing permission is permission-denied', async () => {
  const using = { foreign_key_constraint_on: 'customer_id' };
  const relationship = { table: 'orders', name: 'customer', using };
  expect((await stage.ask('pg_create_object_relationship', relationship)).body.code).toBe('already-exists');
  const permission = { columns: ['id'], filter: {} };
  const args = { table: 'orders', role: 'clerk', permission };
  expect((await stage.ask('pg_create_select_permission', args)).body.code).toBe('already-exists');
  const drop = { table: 'orders', role: 'stranger' };
  expect((await stage.ask('pg_drop_select_permission', drop)).body.code).toBe('permission-denied');
});

test('a table cannot take a root field that the unauthorized role already has', async () => {
  const metadata = await stage.metadata();
  const schema = 'type Query { products(first: Int = 10): [Product!]! } type Product { id: ID! }';
  const definition = { schema };
  const permission = { remote_schema: 'catalogue', role: 'anonymous', definition };
  expect((await stage.ask('add_remote_schema_permissions', permission)).status).toBe(200);
  const args = { table: 'sessions', configuration: { custom_name: 'products' } };
  expect(await stage.ask('pg_track_table', args)).toMatchObject({
    status: 400,
    body: {
      code: 'remote-schema-conflicts',
      error: 'node products already exists in current graphql schema',
    },
  });
  expect((await stage.replace(metadata)).status).toBe(200);
});
