import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase, type Queryable } from '../../src/db/client.ts';
import { toAuthError } from '../../src/request/public-error.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { COUNT_WRITES } from './count-writes.ts';

// The gateway repeats work that Postgres rolled back because of other transactions.

describe('work that Postgres rolled back', () => {
  let database: TestDatabase;
  let admin: postgres.Sql;
  let pool: { db: Database; close(): Promise<void> };
  beforeAll(async () => {
    database = await createEmptyDatabase();
    admin = postgres(database.url, { max: 1, onnotice: () => {} });
    pool = openDatabase({ url: database.url, poolSize: 4, statementTimeoutMs: 20_000 });
    await admin.unsafe(`${COUNT_WRITES}
      create table public.notes (id int primary key, text text not null default '');
      create trigger count_write before insert or update on public.notes for each statement execute function public.count_write()`);
  });
  afterAll(async () => {
    await pool.close();
    await admin.end();
    await database.drop();
  });
  beforeEach(async () => {
    await admin`truncate notes, failing`;
    await admin`select setval('writes', 1, false)`;
  });

  const fail = (state: string, times: number) =>
    admin`insert into public.failing select number, ${state} from generate_series(1, ${times}::int) number`;
  const countWrites = async () => Number((await admin`select last_value from writes`)[0]?.last_value);
  const notes = async () =>
    (await admin`select id from public.notes order by id`).map(({ id }) => id as number);
  const write = (db: Queryable) => db.execute(sql`insert into public.notes values (${1}) returning id`);

  test.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => write(db)],
    ['a template', (db) => db.$client`insert into public.notes values (${1}) returning id`],
    ['a transaction', (db) => db.transaction((tx) => write(tx))],
  ])('is repeated: %s', async (_what, work) => {
    for (const state of ['40001', '40P01']) {
      await admin`truncate notes, failing`;
      await admin`select setval('writes', 1, false)`;
      await fail(state, 3);
      expect(await work(pool.db)).toMatchObject([{ id: 1 }]);
      expect([await notes(), await countWrites()]).toEqual([[1], 4]);
    }
  });

  test.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => write(db)],
    ['a transaction', (db) => db.transaction((tx) => write(tx))],
  ])('answers unavailable after three repetitions: %s', async (_what, work) => {
    await fail('40001', 1000);
    const failure = await work(pool.db).catch((error: unknown) => error);
    expect(toAuthError(failure)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 });
    expect([await notes(), await countWrites()]).toEqual([[], 4]);
  });

  test.each(['40003', '23514', '57014', '55P03'])('is not repeated for %s', async (state) => {
    await fail(state, 1);
    await expect(write(pool.db)).rejects.toThrow();
    await fail(state, 2);
    await expect(pool.db.transaction((tx) => write(tx))).rejects.toThrow();
    expect([await notes(), await countWrites()]).toEqual([[], 2]);
  });

  test('by a real deadlock succeeds on both sides', async () => {
    await admin`insert into public.notes values (1), (2)`;
    const edit = (tx: Queryable, id: number) =>
      tx.execute(sql`update public.notes set text = text || 'x' where id = ${id}`);
    let inside = 0;
    const cross = (from: number, to: number) =>
      pool.db.transaction(async (tx) => {
        await edit(tx, from);
        inside += 1;
        // In the first round both hold a row before they lock the other row.
        while (inside < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await edit(tx, to);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(inside).toBe(3);
    expect(await admin`select text from public.notes order by id`).toEqual([{ text: 'xx' }, { text: 'xx' }]);
  });

  test('by a real serialization failure succeeds on both sides', async () => {
    let inside = 0;
    const addOne = () =>
      pool.db.transaction(async (tx) => {
        await tx.execute(sql`set transaction isolation level serializable`);
        const [row] = await tx.execute<{ count: number }>(
          sql`select count(*)::int as count from public.notes`,
        );
        inside += 1;
        while (inside < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await tx.execute(sql`insert into public.notes values (${row?.count ?? 0})`);
      });
    await Promise.all([addOne(), addOne()]);
    expect([await notes(), inside]).toEqual([[0, 1], 3]);
  });
});
