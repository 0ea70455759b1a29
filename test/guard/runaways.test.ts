import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { readApplicationRows } from '../../src/db/guarded.ts';
import { endRunaways } from '../../src/db/runaways.ts';
import { createTestDatabase } from '../support/database.ts';
import { forFile } from '../support/for-file.ts';

const bench = forFile(async () => {
  const database = await createTestDatabase();
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  const open = () => openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 500 });
  const [guarded, housekeeper] = [open(), open()];
  await owner.unsafe(`
    create schema app;
    create function app.endless() returns int language plpgsql as $f$ begin
      loop
        begin perform pg_sleep(60); exception when query_canceled then null; end;
      end loop;
    end $f$`);
  return {
    ...{ owner, db: guarded.db, housekeeper: housekeeper.db },
    async close() {
      await Promise.all([guarded.close(), housekeeper.close()]);
      await owner.end();
      await database.drop();
    },
  };
});

const running = async () =>
  (
    await bench.owner`select from pg_stat_activity where state = 'active' and query ~ 'guarded_read_claims\\('`
  ).length;

test('the connection of a statement that catches its cancellation is ended, and no other one', async () => {
  const { db, housekeeper, owner } = bench;
  const endless = readApplicationRows(db, { statement: 'select app.endless()', userId: randomUUID() });
  const outcome = endless.then(
    () => 'answered',
    () => 'failed',
  );
  await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 5000 });
  // Postgres has cancelled the statement by now, in vain.
  await owner`select pg_sleep(1.5)`;
  expect(await endRunaways(housekeeper, 60_000)).toBe(0);
  expect(await running()).toBe(1);
  expect(await endRunaways(housekeeper, 1000)).toBe(1);
  expect(await outcome).toBe('failed');
  await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 5000 });
  // The pool may give out the connection once more before it has closed.
  await vi.waitFor(
    async () =>
      expect(await readApplicationRows(db, { statement: 'select 1 as one', userId: randomUUID() })).toEqual([
        '{"one":1}',
      ]),
    { timeout: 5000 },
  );
});
