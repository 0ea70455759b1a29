import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { startEngine } from '../support/hasura/engine.ts';
import { startForeignApplication } from '../support/hasura/foreign/application.ts';
import { printJson } from '../support/hasura/json.ts';
import { askMetadata, exportMetadata } from '../support/hasura/metadata-client.ts';

// How the stand-in keeps and exports the metadata of an application that knows nothing of the gateway.

const stage = forFile(async () => {
  const gateway = await startGateway();
  const application = await startForeignApplication();
  const { metadata, env } = application;
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl, env, metadata });
  return {
    ...{ engine, application },
    async close() {
      await engine.close();
      await application.close();
      await gateway.close();
    },
  };
});
const ask = (type: string, args: unknown, version = 1) => askMetadata(stage.engine, { type, args, version });

test('the foreign application is consistent', async () => {
  expect(await stage.engine.inconsistent()).toEqual([]);
});

test('an export is sorted and leaves out defaults', async () => {
  const { metadata } = await exportMetadata(stage.engine);
  const { sources, remote_schemas, actions } = metadata as Record<
    string,
    { name: string; definition?: object }[]
  >;
  expect(sources?.map(({ name }) => name)).toEqual(['analytics', 'default', 'warehouse']);
  expect(remote_schemas?.map(({ name }) => name)).toEqual(['catalogue', 'reviews']);
  expect(actions?.map(({ name }) => name)).toEqual(['importOrders', 'placeOrder']);
  expect(actions?.[1]?.definition).toEqual({
    handler: '{{SHOP_URL}}/actions',
    headers: [{ name: 'x-shop', value: 'literal secret' }],
    arguments: [{ name: 'product', type: 'ID!' }],
    output_type: 'PlacedOrder!',
    ignored_client_headers: [],
  });
});

test('an export that replaces the metadata changes nothing: big integers, event triggers and hidden cron triggers stay', async () => {
  const before = await exportMetadata(stage.engine);
  expect(printJson(before.metadata)).toContain('"_lt":9007199254740993');
  expect(printJson(before.metadata)).toContain('"_eq":1.50');
  expect(printJson(before.metadata)).toContain('"_gt":1e30');
  expect(printJson(before.metadata)).not.toContain('hidden_cleanup');
  const args = { metadata: before.metadata };
  expect(await ask('replace_metadata', args, 2)).toEqual({
    ...{ status: 200, body: { is_consistent: true, inconsistent_objects: [] } },
  });
  const after = await exportMetadata(stage.engine);
  expect(after).toEqual({ version: before.version + 1, metadata: before.metadata });
  expect(stage.engine.effects()).toEqual([]);
  const hidden = {
    name: 'hidden_cleanup',
    webhook: 'http://x',
    schedule: '* * * * *',
    include_in_metadata: true,
  };
  const cron_triggers = [...(before.metadata.cron_triggers as object[]), hidden];
  expect(await ask('replace_metadata', { metadata: { ...before.metadata, cron_triggers } }, 2)).toMatchObject(
    {
      ...{ status: 400, body: { code: 'already-exists' } },
    },
  );
});

test('a lost event trigger is dropped for good', async () => {
  const { metadata } = await exportMetadata(stage.engine);
  const without = JSON.parse(printJson(metadata), (key, value) =>
    key === 'event_triggers' ? undefined : value,
  );
  expect((await ask('replace_metadata', { metadata: without }, 2)).status).toBe(200);
  expect(stage.engine.effects()).toContain('event trigger order_placed: dropped, its events are gone');
  expect((await ask('replace_metadata', { metadata }, 2)).status).toBe(200);
});

test('an unknown key of a table is parse-failed, an unknown key at the top is dropped', async () => {
  const { metadata } = await exportMetadata(stage.engine);
  const { sources } = metadata as { sources: { tables: object[] }[] };
  const [first, ...others] = sources;
  const unknown = [
    { ...first, tables: first?.tables.map((table) => ({ ...table, colour: 'red' })) },
    ...others,
  ];
  expect(await ask('replace_metadata', { metadata: { ...metadata, sources: unknown } }, 2)).toMatchObject({
    status: 400,
    body: { code: 'parse-failed', path: '$.args.metadata.sources[0].tables[0]' },
  });
  expect((await ask('replace_metadata', { metadata: { ...metadata, colour: 'red' } }, 2)).status).toBe(200);
  expect((await exportMetadata(stage.engine)).metadata).toEqual(metadata);
});

test('the metadata of an export cannot have their version inside', async () => {
  const { body } = await ask('export_metadata', {}, 2);
  expect(await ask('replace_metadata', { metadata: body }, 2)).toMatchObject({
    ...{ status: 400, body: { code: 'parse-failed' } },
  });
});
