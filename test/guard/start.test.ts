import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { databaseCastsSql } from '../../src/commands/hasura/metadata/database-casts.ts';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { requireGuard } from '../../src/db/exposure.ts';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { forFile } from '../support/for-file.ts';
import { openBench } from './bench.ts';

// What the gateway checks at start, and what migrations and hasura:role keep.

const bench = forFile(() => openBench(null));
const refused = (claims = false) =>
  requireGuard(bench.gateway, { claims }).then(
    () => '',
    (error: { message: string }) => error.message,
  );

test('a gateway whose statements are guarded starts', async () => {
  expect(await refused()).toBe('');
});

test('a role that may create triggers is named', async () => {
  await bench.admin.unsafe(`grant trigger on portcullis.sessions to ${bench.names.hasura}`);
  expect(await refused()).toContain(`${bench.names.hasura} on portcullis.sessions. Revoke TRIGGER.`);
  await bench.admin.unsafe(`revoke trigger on portcullis.sessions from ${bench.names.hasura}`);
});

test('references without the event trigger are refused', async () => {
  await bench.admin`alter event trigger portcullis_casts disable`;
  expect(await refused()).toContain('casts to uuid are not refused');
  await bench.admin.unsafe(databaseCastsSql());
  expect(await refused()).toBe('');
});

test('references are refused while the gateway owns a guarded function, until a migration gives it away', async () => {
  const name = 'portcullis_private.guarded_update_team(uuid, text)';
  await bench.admin.unsafe(`alter function ${name} owner to ${bench.names.gateway}`);
  expect(await refused()).toContain('its statements are not guarded');
  expect(await refused(true)).toContain('CLAIMS_SQL: functions that its statement calls would run');
  await applyMigrations(bench.ownerUrl);
  expect(await refused()).toBe('');
  const [owner] = await bench.admin.unsafe(
    `select pg_get_userbyid(proowner) as name from pg_proc where oid = '${name}'::regprocedure`,
  );
  expect(owner).toEqual({ name: bench.applied.guard });
});

test('a migration can replace a guarded function, which keeps its owner and its rights', async () => {
  const [{ definition } = { definition: '' }] = await bench.admin<{ definition: string }[]>`
    select pg_get_functiondef('portcullis_private.guarded_delete_teams(uuid[])'::regprocedure) as definition`;
  await bench.gateway.execute(sql`select portcullis_private.change_guarded(${definition})`);
  expect(await refused()).toBe('');
  const [member] =
    await bench.admin`select pg_has_role(${bench.names.gateway}, ${bench.applied.guard}, 'usage') as now`;
  expect(member).toEqual({ now: false });
});

test('a table of the application that references users is named if the guard is missing', async () => {
  await bench.hasura`create table app.notes (user_id uuid references portcullis.users (id))`;
  await bench.admin.unsafe(`revoke references (id) on portcullis.users, portcullis.teams from ${bench.names.hasura};
    alter function portcullis_private.guarded_update_team(uuid, text) owner to ${bench.names.gateway}`);
  expect(await refused()).toContain('notes, which references portcullis.users');
  const { ownerUrl, hasuraUrl } = bench;
  expect(await applyHasuraLogin({ ownerUrl, hasuraUrl })).toMatchObject({
    guard: bench.applied.guard,
    references: true,
  });
  expect(await refused()).toBe('');
});

test.each([
  ['public', '--schema: public is reserved or too long.'],
  ['portcullis_private', '--schema: portcullis_private is reserved or too long.'],
  ['', '--schema: the name is empty.'],
  ['owned', '--schema: owned belongs to the role'],
])('hasura:role refuses the schema %j', async (schema, message) => {
  await bench.admin`create schema if not exists owned`;
  const { ownerUrl, hasuraUrl } = bench;
  await expect(applyHasuraLogin({ ownerUrl, hasuraUrl, schema })).rejects.toThrow(message);
});
