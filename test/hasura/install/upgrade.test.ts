import { buildASTSchema, introspectionFromSchema, parse, printSchema, visit } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewaySchema } from '../../../src/commands/hasura/install/generated.ts';
import { parseJson } from '../../../src/commands/hasura/install/json.ts';
import { exported, metadataApi, runInstall } from './command.ts';
import { startRelay } from './engine-relay.ts';
import { createSetting, type Setting } from './setting.ts';

// An engine that holds an earlier installation.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

test('after the gateway’s schema grew, the engine reads it again although the metadata stay the same', async () => {
  const document = visit(parse(printSchema(gatewaySchema)), {
    FieldDefinition: ({ name }) => (name.value === 'disableAccount' ? null : undefined),
  });
  const older = buildASTSchema(document);
  const gateway = setting.closes(
    await startRelay({ url: `${setting.gateway.url}/graphql`, adminSecret: '' }),
  );
  const { engine } = await setting.startForeign({
    env: { PORTCULLIS_GRAPHQL_URL: gateway.url.replace('/v1/graphql', '/graphql') },
  });
  gateway.before(async ({ body }) =>
    body.includes('__schema')
      ? { status: 200, body: JSON.stringify({ data: introspectionFromSchema(older) }) }
      : undefined,
  );
  expect(await setting.install(engine)).toMatchObject({ code: 0, err: '' });
  gateway.before(null);
  const before = await exported(engine);
  const upgraded = await setting.install(engine);
  expect(upgraded).toMatchObject({ code: 0, err: '' });
  expect(upgraded.out).toMatch(/^Changes:\n {2}remote schema portcullis, as the engine last read it\n/);
  expect((await exported(engine)).text).toBe(before.text);
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
});

test('new roles of the configuration arrive, and removed ones go, while theirs stay as they are', async () => {
  const { engine } = await setting.startForeign();
  const before = await exported(engine);
  const input = { gateway: setting.gateway, cwd: setting.folder.path };
  expect(await setting.install(engine)).toMatchObject({ code: 0 });
  const without = await exported(engine);
  const env = { HASURA_ROLES: 'clerk,editor' };
  const added = await runInstall(engine, [], { ...input, env });
  expect(added).toMatchObject({ code: 0, err: '' });
  expect(added.out).toContain('  remote schema portcullis, permission of role editor\n');
  expect(added.out).toContain('  Your role clerk gains the fields of Portcullis.\n');
  expect((await runInstall(engine, [], { ...input, env })).out).toContain('Everything is installed already');
  expect(await setting.install(engine)).toMatchObject({ code: 0, err: '' });
  expect((await exported(engine)).text).toBe(without.text);
  expect(await setting.install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
  expect((await exported(engine)).text).toBe(before.text);
});

test('the shipped metadata that Hasura’s CLI applied become an installation, in the source where they are', async () => {
  const { startEngine } = await import('../../support/hasura/engine.ts');
  const engine = setting.closes(
    await startEngine({ gateway: setting.gateway, databaseUrl: setting.gateway.databaseUrl }),
  );
  const upgraded = await setting.install(engine);
  expect(upgraded).toMatchObject({ code: 0, err: '' });
  expect(upgraded.out).not.toMatch(/^(Adds|Removes):$/m);
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
  expect(await setting.install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
  const { metadata } = await exported(engine);
  expect(metadata.sources).toEqual([]);
  expect(metadata.remote_schemas ?? []).toEqual([]);
});

test('what they hung onto our tables and our remote schema survives an upgrade, and stops a removal by name', async () => {
  const { engine } = await setting.startForeign();
  expect(await setting.install(engine)).toMatchObject({ code: 0 });
  const table = { schema: 'portcullis', name: 'users' };
  const to_source = {
    ...{ source: 'default', table: { schema: 'public', name: 'orders' } },
    ...{ relationship_type: 'array', field_mapping: { id: 'customer_id' } },
  };
  const permission = { columns: ['id'], filter: {} };
  for (const operation of [
    {
      type: 'pg_create_remote_relationship',
      args: { source: 'portcullis', table, name: 'orders', definition: { to_source } },
    },
    {
      type: 'pg_create_select_permission',
      args: { source: 'portcullis', table, role: 'auditor', permission },
    },
  ])
    expect(await metadataApi(engine, operation)).toEqual({ status: 200, text: '{"message":"success"}' });
  const before = await exported(engine);
  expect(await setting.install(engine, '--namespace', 'auth')).toMatchObject({ code: 0, err: '' });
  expect(await setting.install(engine, '--namespace=')).toMatchObject({ code: 0, err: '' });
  expect(parseJson((await exported(engine)).text.replace('"metadata":', ''))).toEqual(before.metadata);
  expect(await setting.install(engine, '--remove')).toEqual({
    code: 1,
    out: '',
    err: [
      'Not removed: these objects of yours depend on objects of Portcullis. Remove them first.',
      '  source portcullis, table portcullis.users, join orders',
      '  source portcullis, table portcullis.users, select permission of role auditor',
      '',
    ].join('\n'),
  });
});
