import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { readApplicationRows, runGuarded } from '../../src/db/guarded.ts';
import { createTestDatabase } from '../support/database.ts';
import { forFile } from '../support/for-file.ts';

// What code of the application leaves behind in a connection of the gateway's pool.

async function openBench() {
  const database = await createTestDatabase();
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  const { db, close } = openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 2000 });
  await owner.unsafe('create schema app');
  return {
    ...{ owner, db },
    /** Updates a user while a trigger runs the given PL/pgSQL. */
    async plant(body: string): Promise<readonly unknown[]> {
      await owner.unsafe(`
        create or replace function app.planted() returns trigger language plpgsql as $f$ begin ${body}; return null; end $f$;
        create or replace trigger planted after update on portcullis.users for each row execute function app.planted()`);
      const id = randomUUID();
      await owner`insert into portcullis.users (id, email, name) values (${id}, ${`${id}@example.com`}, 'Ada')`;
      return await runGuarded(
        db,
        sql`select from portcullis_private.update_user(${id}, null, 'Grace', null, null::boolean)`,
      );
    },
    async close() {
      await close();
      await owner.end();
      await database.drop();
    },
  };
}
const bench = forFile(openBench);

const settingsOf = async () =>
  (
    await bench.db.execute<{ path: string; user: string | null; timeout: string }>(sql`
      select current_setting('search_path') as path, current_setting('hasura.user', true) as user,
        current_setting('statement_timeout') as timeout`)
  )[0];

test('a claims statement returns its rows as JSON', async () => {
  const [row] = await readApplicationRows(bench.db, {
    statement: 'select 1 as one, $1 as id',
    userId: randomUUID(),
  });
  expect(row).toMatch(/^\{"one":1,"id":"[0-9a-f-]{36}"\}$/);
});

test('settings of a session do not outlive the statement', async () => {
  const before = await settingsOf();
  expect(before).toMatchObject({ path: 'pg_catalog, pg_temp', timeout: '2s' });
  const rows = await bench.plant(`
    perform set_config('search_path', 'app, pg_catalog', false); perform set_config('statement_timeout', '0', false);
    perform set_config('hasura.user', '{"x-hasura-role": "admin"}', false); perform set_config('row_security', 'off', false);
    create table app.written ()`);
  expect(rows).toHaveLength(1);
  expect({ ...(await settingsOf()), user: null }).toEqual({ ...before, user: null });
  expect((await settingsOf())?.user ?? '').toBe('');
});

test('a cursor WITH HOLD is refused before the commit would read it', async () => {
  await expect(
    bench.plant(`execute 'declare later cursor with hold for select pg_sleep(0)'`),
  ).rejects.toMatchObject({ cause: { cause: { code: '24000' } } });
  expect([...(await bench.db.execute(sql`select name from pg_cursors where is_holdable`))]).toEqual([]);
});

test.each([
  ['and the statement succeeds', ''],
  ['and the statement fails', `raise exception 'planted'`],
  ['and cancels the statement', 'perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(5)'],
])('a prepared statement of planted code is gone, %s', async (_, end) => {
  await expect(
    bench.plant(
      `execute 'prepare planted as select 1'; perform pg_advisory_lock(7)${end === '' ? '' : `; ${end}`}`,
    ),
  ).rejects.toThrow();
  const left = await bench.db.execute(sql`
    select name as left from pg_prepared_statements where from_sql
    union all select locktype from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`);
  expect([...left]).toEqual([]);
});

test('triggers that defer each other without end are refused', async () => {
  await bench.owner.unsafe(`
    create table app.chain (id int); insert into app.chain values (0);
    create function app.link() returns trigger language plpgsql as $f$ begin
      set constraints all deferred; update app.chain set id = id + 1; return null; end $f$;
    create constraint trigger link after update on app.chain deferrable for each row execute function app.link()`);
  await expect(bench.plant('update app.chain set id = id')).rejects.toMatchObject({
    cause: { cause: { code: '54000' } },
  });
  expect([...(await bench.owner`select id from app.chain`)]).toEqual([{ id: 0 }]);
});
