import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { openForeignStage } from './foreign-stage.ts';

// Bulks and versions in the stand-in's metadata API.

const stage = forFile(() => openForeignStage());

const TRACK = { type: 'pg_track_table', args: { table: 'sessions' } };
const UNTRACK = { type: 'pg_untrack_table', args: { table: 'sessions' } };
const FAILING = { type: 'pg_track_table', args: { table: 'customers' } };
const RELATE = {
  type: 'pg_create_object_relationship',
  args: { table: 'sessions', name: 'customer', using: { foreign_key_constraint_on: 'customer_id' } },
};

test('a bulk whose last command fails changes nothing, and names its place', async () => {
  const before = [await stage.metadata(), await stage.version()];
  expect(await stage.ask('bulk', [TRACK, RELATE, FAILING])).toMatchObject({
    ...{ status: 400, body: { code: 'already-tracked', path: '$.args[2].args' } },
  });
  expect([await stage.metadata(), await stage.version()]).toEqual(before);
});

test('a bulk answers for each command and raises the version once', async () => {
  const version = await stage.version();
  const { status, body } = await stage.ask('bulk', [TRACK, UNTRACK]);
  expect({ status, body }).toEqual({ status: 200, body: [{ message: 'success' }, { message: 'success' }] });
  expect(await stage.version()).toBe(version + 1);
});

test('bulk_keep_going answers 200 with an error in its place, and writes the rest', async () => {
  const { status, body } = await stage.ask('bulk_keep_going', [FAILING, TRACK]);
  expect(status).toBe(200);
  expect(body).toEqual([
    expect.objectContaining({ code: 'already-tracked', error: expect.any(String) }),
    { message: 'success' },
  ]);
  expect((await stage.ask('pg_untrack_table', UNTRACK.args)).status).toBe(200);
});

test('bulk_atomic takes relationships, and answers 500 to a permission', async () => {
  await stage.ask('pg_track_table', TRACK.args);
  const permission = { table: 'sessions', role: 'user', permission: { columns: ['id'], filter: {} } };
  expect(
    await stage.ask('bulk_atomic', [RELATE, { type: 'pg_create_select_permission', args: permission }]),
  ).toMatchObject({ status: 500, body: { error: 'Bulk atomic does not support this command' } });
  const unknown = { ...RELATE, args: { ...RELATE.args, using: { foreign_key_constraint_on: 'id' } } };
  expect(await stage.ask('bulk_atomic', [unknown])).toMatchObject({
    ...{ status: 400, body: { error: 'Schema inconsistency' } },
  });
  expect((await stage.ask('bulk_atomic', [RELATE])).status).toBe(200);
  await stage.ask('pg_untrack_table', UNTRACK.args);
});

test('concurrent_bulk only reads', async () => {
  const read = { type: 'get_inconsistent_metadata', args: {} };
  expect((await stage.ask('concurrent_bulk', [read, read])).status).toBe(200);
  expect((await stage.ask('concurrent_bulk', [read, TRACK])).status).toBe(500);
});

test('a version that is not the present one is a conflict; inside a bulk it is ignored', async () => {
  const version = await stage.version();
  expect(await stage.ask('reload_metadata', {}, { resource_version: version - 1 })).toEqual({
    status: 409,
    body: {
      path: '$',
      error: `metadata resource version referenced (${version - 1}) did not match current version`,
      code: 'conflict',
    },
  });
  const children = [
    { ...TRACK, resource_version: 0 },
    { ...UNTRACK, resource_version: 0 },
  ];
  expect((await stage.ask('bulk', children, { resource_version: version })).status).toBe(200);
});

test('an edit between an export and its replacement is a conflict, and stays', async () => {
  const [metadata, version] = [await stage.metadata(), await stage.version()];
  expect((await stage.ask('pg_track_table', TRACK.args)).status).toBe(200);
  const replace = { type: 'replace_metadata', version: 2, args: { metadata } };
  expect((await stage.ask('bulk', [replace], { resource_version: version })).status).toBe(409);
  const tables = (await stage.metadata()).sources.flatMap((source) => source.tables);
  expect(tables.some(({ table }) => table.name === 'sessions')).toBe(true);
  expect((await stage.ask('pg_untrack_table', UNTRACK.args)).status).toBe(200);
});

test('two writes at once: one wins, the other is a conflict', async () => {
  const version = await stage.version();
  const writes = await Promise.all([
    stage.ask('reload_metadata', {}, { resource_version: version }),
    stage.ask('reload_metadata', {}, { resource_version: version }),
  ]);
  expect(writes.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test('a reload raises the version', async () => {
  const version = await stage.version();
  expect((await stage.ask('reload_metadata', {})).body).toEqual({ message: 'success', is_consistent: true });
  expect(await stage.version()).toBe(version + 1);
});

test('the effects of a write beside the metadata stay although its version was stale', async () => {
  const trigger = (await stage.metadata()).cron_triggers[0];
  const args = { ...trigger, schedule: '5 5 * * *', replace: true };
  expect((await stage.ask('create_cron_trigger', args, { resource_version: 0 })).status).toBe(409);
  expect(stage.engine.effects()).toContain('cron trigger nightly_report: its pending events are dropped');
});

test('drop_inconsistent_metadata, which deletes objects of others, is not played', async () => {
  expect((await stage.ask('drop_inconsistent_metadata', {})).body.code).toBe('parse-failed');
});
