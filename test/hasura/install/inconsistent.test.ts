import { afterAll, beforeAll, expect, test } from 'vitest';
import { foreignMetadata } from '../../support/hasura/foreign/metadata.ts';
import { exported, metadataApi } from './command.ts';
import { createSetting, type Setting } from './setting.ts';

// Engines on which something of theirs, or of ours, does not work.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

const AWAY = 'postgres://nobody:nothing@127.0.0.1:1/away';
const UNREACHABLE = 'http://127.0.0.1:1/graphql';

test('an unreachable gateway is refused as a whole, and the reason shows no secret', async () => {
  const { engine } = await setting.startForeign({ env: { PORTCULLIS_GRAPHQL_URL: UNREACHABLE } });
  const before = await exported(engine);
  const { code, out, err } = await setting.install(engine);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^The engine refuses, and nothing was changed: [^\n]*\n {2}remote_schema portcullis: /);
  expect(err).not.toContain(setting.gateway.secret);
  expect(await exported(engine)).toEqual(before);
});

test('a missing variable of the engine is named', async () => {
  const { engine } = await setting.startForeign({ env: { HASURA_SOURCE_DATABASE_URL: null } });
  const { code, err } = await setting.install(engine);
  expect(code).toBe(1);
  expect(err).toContain('HASURA_SOURCE_DATABASE_URL');
});

test('a source of theirs that is down stays as it is, with its tables', async () => {
  const { engine } = await setting.startForeign({ env: { ANALYTICS_DATABASE_URL: AWAY } });
  const before = await exported(engine);
  const baseline = await engine.inconsistent();
  expect(baseline).not.toEqual([]);
  const installed = await setting.install(engine);
  expect(installed).toMatchObject({ code: 0, err: '' });
  expect(installed.out).toContain('Inconsistent, as before:\n');
  expect(await engine.inconsistent()).toEqual(baseline);
  const again = await setting.install(engine);
  expect(again.out).toContain('Inconsistent at the engine:\n');
  expect(again.out).toContain('Everything is installed already');
  expect(await setting.install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
  expect((await exported(engine)).text).toBe(before.text);
  expect(engine.effects().filter((effect) => !/refresh_ens|prune/.test(effect))).toEqual([]);
});

test('if theirs was inconsistent and ours would be too, the old metadata are put back', async () => {
  const { engine } = await setting.startForeign({
    env: { ANALYTICS_DATABASE_URL: AWAY, PORTCULLIS_GRAPHQL_URL: UNREACHABLE },
  });
  const before = await exported(engine);
  const baseline = await engine.inconsistent();
  const count = (await setting.folder.backups()).length;
  const { code, err } = await setting.install(engine);
  expect(code).toBe(1);
  expect(err).toMatch(/^Not installed: these objects would be inconsistent\. The metadata is as before\.\n/);
  expect(err).toContain('remote_schema portcullis: ');
  expect((await exported(engine)).text).toBe(before.text);
  expect(await engine.inconsistent()).toEqual(baseline);
  expect(await setting.folder.backups()).toHaveLength(count);
});

test('their remote schema that is away is named as not compared', async () => {
  const { engine } = await setting.startForeign({ env: { CATALOGUE_URL: UNREACHABLE } });
  const installed = await setting.install(engine);
  expect(installed).toMatchObject({ code: 0, err: '' });
  expect(installed.out).toContain('The names of your remote schema catalogue were not compared');
});

test('a removal is refused if the engine finds that a relationship of theirs follows a foreign key to us', async () => {
  const { sql } = setting.gateway;
  await sql`create table public.notes (id int primary key, owner_id uuid references portcullis.users (id))`;
  const connection_info = { database_url: { from_env: 'HASURA_SOURCE_DATABASE_URL' } };
  const app = { name: 'app', kind: 'postgres', tables: [], configuration: { connection_info } };
  const { engine } = await setting.startForeign({ metadata: { version: 3, sources: [app] } });
  expect(await setting.install(engine, '--source', 'app')).toMatchObject({ code: 0, err: '' });
  const table = { schema: 'public', name: 'notes' };
  const using = { foreign_key_constraint_on: 'owner_id' };
  for (const operation of [
    { type: 'pg_track_table', args: { source: 'app', table } },
    { type: 'pg_create_object_relationship', args: { source: 'app', table, name: 'owner', using } },
  ])
    expect(await metadataApi(engine, operation)).toMatchObject({ status: 200 });
  const before = await exported(engine);
  const { code, err } = await setting.install(engine, '--remove');
  expect(code).toBe(1);
  expect(err).toMatch(/^The engine refuses, and nothing was changed: /);
  expect(err).toMatch(/object_relation owner in table public\.notes in source app: /);
  expect(await exported(engine)).toEqual(before);
});

test('an inherited role of anonymous and user stays consistent', async () => {
  const metadata = foreignMetadata() as { inherited_roles: object[] };
  metadata.inherited_roles.push({ role_name: 'everyone', role_set: ['anonymous', 'user'] });
  const { engine } = await setting.startForeign({ metadata });
  const before = await exported(engine);
  expect(await setting.install(engine)).toMatchObject({ code: 0, err: '' });
  expect(await engine.inconsistent()).toEqual([]);
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
  expect(await setting.install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
  expect((await exported(engine)).text).toBe(before.text);
});
