import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { openForeignStage } from './foreign-stage.ts';

// Remote schemas, actions and roles in the stand-in's metadata API, with its traps.

const stage = forFile(() => openForeignStage());

const remoteSchema = async (name: string) =>
  (await stage.metadata()).remote_schemas.find((remote) => remote.name === name);
const introspections = () => stage.application.server.asked.filter((path) => path === '/catalogue').length;

test('update_remote_schema empties the relationships, keeps the permissions, and does not introspect the same address', async () => {
  const metadata = await stage.metadata();
  const before = await remoteSchema('catalogue');
  expect(before?.remote_relationships).toHaveLength(1);
  const asked = introspections();
  const definition = { ...before?.definition, timeout_seconds: 20 };
  expect((await stage.ask('update_remote_schema', { name: 'catalogue', definition })).status).toBe(200);
  expect(await remoteSchema('catalogue')).toEqual({
    ...{ name: 'catalogue', definition, permissions: before?.permissions },
  });
  expect(introspections()).toBe(asked);
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('a replacement keeps the old schema of a remote schema, so that a newer SDL is inconsistent until a reload before it', async () => {
  const metadata = await stage.metadata();
  stage.application.server.grow();
  const asked = introspections();
  expect((await stage.replace(metadata)).status).toBe(200);
  expect(introspections()).toBe(asked);
  const remote_schemas = metadata.remote_schemas.map(({ permissions = [], ...remote }) => ({
    ...remote,
    permissions: permissions.map(({ role, definition: { schema } }) => ({
      ...{ role, definition: { schema: schema.replace('price:', 'weight: Int price:') } },
    })),
  }));
  const args = { allow_inconsistent_metadata: false, metadata: { ...metadata, remote_schemas } };
  const replace = { type: 'replace_metadata', version: 2, args };
  expect((await stage.ask('bulk', [replace])).body).toMatchObject({
    ...{ code: 'unexpected', path: '$.args[0].args', error: 'cannot continue due to inconsistent metadata' },
  });
  const reload = {
    type: 'reload_metadata',
    args: { reload_remote_schemas: ['catalogue'], reload_sources: false },
  };
  expect((await stage.ask('bulk', [reload, replace])).status).toBe(200);
  expect(introspections()).toBe(asked + 1);
  expect(await stage.as('clerk').run('{ product(id: "1") { weight } }')).toEqual({ product: { weight: 2 } });
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('reload_remote_schema fails for a remote schema that is away, and keeps what the engine knew', async () => {
  const metadata = await stage.metadata();
  expect((await stage.ask('reload_remote_schema', { name: 'nothing' })).body.code).toBe('not-exists');
  expect((await stage.ask('reload_metadata', { reload_remote_schemas: ['nothing'] })).body.code).toBe(
    'not-exists',
  );
  stage.application.server.pause();
  expect(await stage.ask('reload_remote_schema', { name: 'catalogue' })).toMatchObject({
    ...{ status: 500, body: { code: 'unexpected' } },
  });
  expect(await stage.engine.inconsistent()).toEqual([]);
  expect((await stage.ask('reload_metadata', {})).body).toMatchObject({ is_consistent: false });
  const { body } = await stage.ask('get_inconsistent_metadata', {});
  const objects = body.inconsistent_objects as { name: string }[];
  expect(objects.map(({ name }) => name).sort()).toEqual([
    'remote_relationship product in table public.orders in source default',
    'remote_schema catalogue',
    'remote_schema reviews',
  ]);
  stage.application.server.resume();
  expect((await stage.ask('reload_metadata', {})).body).toEqual({ message: 'success', is_consistent: true });
  expect(await stage.metadata()).toEqual(metadata);
});

test('remove_remote_schema refuses while a table joins it', async () => {
  expect(await stage.ask('remove_remote_schema', { name: 'catalogue' })).toMatchObject({
    ...{ status: 400, body: { code: 'dependency-error' } },
  });
  expect(
    (await stage.ask('pg_delete_remote_relationship', { table: 'orders', name: 'product' })).status,
  ).toBe(200);
  const metadata = await stage.metadata();
  expect((await stage.ask('remove_remote_schema', { name: 'catalogue' })).status).toBe(200);
  expect(await remoteSchema('catalogue')).toBeUndefined();
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('pg_create_remote_relationship overwrites one of its name; pg_update_remote_relationship needs one', async () => {
  const to = (field: string) => ({
    to_remote_schema: {
      ...{ remote_schema: 'catalogue', lhs_fields: ['product_id'] },
      remote_field: { [field]: { arguments: { id: '$product_id' } } },
    },
  });
  const args = { table: 'orders', name: 'product', definition: to('product') };
  for (const _ of [1, 2]) expect((await stage.ask('pg_create_remote_relationship', args)).status).toBe(200);
  const missing = { ...args, name: 'other' };
  expect((await stage.ask('pg_update_remote_relationship', missing)).body.code).toBe('not-exists');
  const wrong = { ...args, definition: to('author') };
  expect((await stage.ask('pg_create_remote_relationship', wrong)).body.code).toBe('invalid-configuration');
});

test('set_custom_types without the types of an action makes the action inconsistent and fails', async () => {
  const { objects, ...types } = (await stage.metadata()).custom_types;
  expect(await stage.ask('set_custom_types', types)).toMatchObject({
    status: 400,
    body: {
      code: 'unexpected',
      internal: expect.arrayContaining([expect.objectContaining({ name: 'action placeOrder' })]),
    },
  });
  expect((await stage.ask('set_custom_types', { objects, ...types })).status).toBe(200);
});

test('create_action overwrites an inconsistent action of its name, and refuses a consistent one', async () => {
  const metadata = await stage.metadata();
  const definition = { handler: 'http://x', output_type: 'PlacedOrder', type: 'mutation' };
  const args = { name: 'placeOrder', definition };
  expect((await stage.ask('create_action', args)).body.code).toBe('already-exists');
  const actions = metadata.actions.map((action) => ({
    ...action,
    definition: { ...action.definition, handler: '{{NOT_SET}}/actions' },
  }));
  expect((await stage.replace({ ...metadata, actions }, true)).body.is_consistent).toBe(false);
  expect((await stage.ask('create_action', args)).status).toBe(200);
  const made = (await stage.metadata()).actions.find(({ name }) => name === 'placeOrder');
  expect(made).toEqual({
    name: 'placeOrder',
    definition: { ...definition, type: undefined, ignored_client_headers: [] },
  });
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('drop_action clears the log of the action unless told otherwise', async () => {
  const metadata = await stage.metadata();
  const effect = 'action importOrders: its log is cleared';
  expect((await stage.ask('drop_action', { name: 'importOrders', clear_data: false })).status).toBe(200);
  expect(stage.engine.effects()).not.toContain(effect);
  expect((await stage.replace(metadata)).status).toBe(200);
  expect((await stage.ask('drop_action', { name: 'importOrders' })).status).toBe(200);
  expect(stage.engine.effects()).toContain(effect);
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('action permissions are created once', async () => {
  const args = { action: 'placeOrder', role: 'user' };
  expect((await stage.ask('create_action_permission', args)).body.code).toBe('already-exists');
  expect((await stage.ask('create_action_permission', { ...args, role: 'clerk' })).status).toBe(200);
  expect((await stage.ask('drop_action_permission', { ...args, role: 'clerk' })).status).toBe(200);
  expect((await stage.ask('drop_action_permission', { ...args, role: 'clerk' })).body.code).toBe(
    'not-exists',
  );
});

test('add_inherited_role overwrites, and needs its parents', async () => {
  const args = { role_name: 'manager', role_set: ['clerk'] };
  expect((await stage.ask('add_inherited_role', args)).status).toBe(200);
  expect((await stage.metadata()).inherited_roles).toEqual([args]);
  const missing = { ...args, role_set: ['clerk', 'stranger'] };
  expect(await stage.ask('add_inherited_role', missing)).toMatchObject({
    ...{ status: 400, body: { code: 'not-exists' } },
  });
  await stage.ask('add_inherited_role', { ...args, role_set: ['user', 'clerk'] });
});

test('an inherited role has an SDL only if those of its parents are equal; otherwise it is inconsistent without a name', async () => {
  const metadata = await stage.metadata();
  const page = stage.as('manager', { 'x-hasura-user-id': '00000000-0000-4000-8000-000000000001' });
  expect(await page.run('{ product(id: "1") { title } }')).toEqual({ product: { title: 'Product 1' } });
  const remote_schemas = metadata.remote_schemas.map(({ permissions = [], ...remote }) => ({
    ...remote,
    permissions: permissions.map(({ role, definition: { schema } }) => ({
      ...{ role, definition: { schema: role === 'clerk' ? schema.replace('title: String!', '') : schema } },
    })),
  }));
  const { body } = await stage.replace({ ...metadata, remote_schemas }, true);
  expect(body.inconsistent_objects).toEqual([
    {
      type: 'inherited role permission inconsistency',
      reason:
        "Could not inherit permission for the role 'manager' for the entity: 'remote schema: catalogue'",
      definition: { role_name: 'manager', entity: 'remote schema: catalogue' },
    },
  ]);
  expect((await stage.replace(metadata)).status).toBe(200);
});

test('introspect_remote_schema answers with the names of the remote schema', async () => {
  const { body } = await stage.ask('introspect_remote_schema', { name: 'reviews' });
  const { data } = body as { data: { __schema: { types: { name: string }[] } } };
  expect(data.__schema.types.map(({ name }) => name)).toContain('Review');
});

test('a cron trigger is created once, and a change with replace drops its pending events', async () => {
  const trigger = { name: 'weekly', webhook: 'http://x', schedule: '0 0 * * 0', include_in_metadata: true };
  expect((await stage.ask('create_cron_trigger', trigger)).status).toBe(200);
  expect((await stage.ask('create_cron_trigger', trigger)).body.code).toBe('already-exists');
  const same = { ...trigger, replace: true };
  expect((await stage.ask('create_cron_trigger', same)).status).toBe(200);
  const effect = 'cron trigger weekly: its pending events are dropped';
  expect(stage.engine.effects()).not.toContain(effect);
  expect((await stage.ask('create_cron_trigger', { ...same, schedule: '0 1 * * 0' })).status).toBe(200);
  expect(stage.engine.effects()).toContain(effect);
  expect((await stage.ask('delete_cron_trigger', { name: 'weekly' })).status).toBe(200);
});
