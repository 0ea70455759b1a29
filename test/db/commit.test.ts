import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { isDatabaseAway } from '../../src/db/errors.ts';
import { toAuthError } from '../../src/request/public-error.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { LOGIN, newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { startRelay } from '../support/relay.ts';

// The outcome that a transaction reports must be its outcome in Postgres.

let database: TestDatabase;
let admin: postgres.Sql;
let pool: { db: Database; close(): Promise<void> };
beforeAll(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  pool = openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 5000 });
  await admin`create table public.notes (id int primary key)`;
  await admin`create table public.unique_at_commit (id int unique deferrable initially deferred)`;
});
afterAll(async () => {
  await pool.close();
  await admin.end();
  await database.drop();
});

type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
const write = (tx: Transaction, id: number) => tx.execute(sql`insert into public.notes values (${id})`);
const isWritten = async (id: number) => (await admin`select from public.notes where id = ${id}`).length === 1;
const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'committed',
    (error: Error) => error,
  );
/** Expects that the only connection of the pool is free and not in a transaction. */
const expectUsable = async () => {
  expect(await pool.db.execute(sql`select now() = statement_timestamp() as alone`)).toMatchObject([
    { alone: true },
  ]);
};

describe('a transaction', () => {
  test('whose connection lost its prepared statements is committed', async () => {
    await pool.db.transaction((tx) => write(tx, 1));
    await pool.db.transaction(async (tx) => {
      await write(tx, 2);
      await tx.execute(sql`deallocate all`);
    });
    expect(await isWritten(2)).toBe(true);
    await expectUsable();
  });

  test('whose statement is no longer prepared is repeated', async () => {
    const prepared = (tx: Transaction, id: number) =>
      tx.execute(sql`insert into public.notes values (${id}::int)`);
    await pool.db.transaction((tx) => prepared(tx, 3));
    let runs = 0;
    await pool.db.transaction(async (tx) => {
      runs += 1;
      if (runs === 1) await tx.execute(sql`deallocate all`);
      await prepared(tx, 4);
    });
    expect([runs, await isWritten(4)]).toEqual([2, true]);
  });

  test('whose table changed after its statement was prepared is repeated', async () => {
    const read = (tx: Transaction) => tx.execute(sql`select * from public.changing where id > ${0}`);
    await admin`create table public.changing (id int)`;
    await pool.db.transaction(read);
    await admin`alter table changing add column name text`;
    expect(await pool.db.transaction(read)).toEqual([]);
  });

  test('whose failed statement was ignored fails with that error as its cause', async () => {
    await pool.db.transaction((tx) => write(tx, 5));
    const outcome = await outcomeOf(
      pool.db.transaction(async (tx) => {
        await write(tx, 6);
        await write(tx, 5).catch(() => {});
        return 'ignored';
      }),
    );
    expect(outcome).toBeInstanceOf(Error);
    expect(toAuthError(outcome)).toMatchObject({ code: 'internal_error' });
    expect((outcome as Error).cause).toMatchObject({ code: '23505' });
    expect(await isWritten(6)).toBe(false);
    await expectUsable();
  });

  test('whose failed statement was not awaited fails', async () => {
    const outcome = await outcomeOf(
      pool.db.transaction(async (tx) => {
        await write(tx, 7);
        void write(tx, 7).catch(() => {});
      }),
    );
    expect(outcome).toBeInstanceOf(Error);
    expect(await isWritten(7)).toBe(false);
    await expectUsable();
  });

  test.each(['rollback', 'commit'])('that executes %s itself fails', async (end) => {
    const outcome = await outcomeOf(
      pool.db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        await tx.execute(sql.raw(end));
      }),
    );
    expect(outcome).toMatchObject({ message: expect.stringContaining('not committed') });
    const later = await outcomeOf(
      pool.db.transaction(async (tx) => {
        await tx.execute(sql.raw(end));
        await write(tx, 8);
      }),
    );
    expect(later).toBeInstanceOf(Error);
    expect(await isWritten(8)).toBe(false);
    await expectUsable();
  });

  test('that Postgres refuses at the commit fails and does not affect the next transaction', async () => {
    const refused = pool.db.transaction(async (tx) => {
      await tx.execute(sql`insert into public.unique_at_commit values (1), (1)`);
    });
    // The pool's only connection goes from the refused transaction to this one.
    const next = pool.db.transaction(async (tx) => {
      await write(tx, 9);
      await tx.execute(sql`select pg_sleep(0.2)`);
    });
    expect(await outcomeOf(refused)).toMatchObject({ code: '23505' });
    expect([await outcomeOf(next), await isWritten(9)]).toEqual(['committed', true]);
    await expectUsable();
  });

  test('sends no statement after its end, when its connection may be in another transaction', async () => {
    let leaked: Transaction | undefined;
    await pool.db.transaction(async (tx) => {
      leaked = tx;
      await write(tx, 10);
    });
    await expect(write(leaked as Transaction, 11)).rejects.toThrow();
    expect(await isWritten(11)).toBe(false);
  });

  test('inside another transaction is refused', async () => {
    const outcome = outcomeOf(pool.db.transaction((tx) => tx.transaction((inner) => write(inner, 12))));
    expect(await outcome).toBeInstanceOf(Error);
    expect(await isWritten(12)).toBe(false);
    await expectUsable();
  });
});

test('a transaction whose commit answer is lost is not repeated and answers unavailable', async () => {
  await admin.unsafe(`
    create table public.slow_to_commit (id int);
    create function take_long() returns trigger language plpgsql as 'begin perform pg_sleep(0.4); return null; end';
    create constraint trigger take_long after insert on slow_to_commit deferrable initially deferred
      for each row execute function take_long()`);
  const relay = await startRelay(new URL(database.url));
  const url = new URL(database.url);
  url.port = String(relay.port);
  const lossy = openDatabase({ url: url.href, poolSize: 2, statementTimeoutMs: 5000 });
  const committing = async () =>
    (
      await admin`select from pg_stat_activity where datname = current_database() and query = 'commit' and state = 'active'`
    ).length;
  let runs = 0;
  const outcome = outcomeOf(
    lossy.db.transaction(async (tx) => {
      runs += 1;
      await tx.execute(sql`insert into public.slow_to_commit values (1)`);
    }),
  );
  await expect.poll(committing, { interval: 5 }).toBe(1);
  relay.hangUp();
  expect([isDatabaseAway(await outcome), runs]).toEqual([true, 1]);
  await expect.poll(() => admin`select id from public.slow_to_commit`).toEqual([{ id: 1 }]);
  void lossy.close(); // takes five seconds after a lost connection
  relay.close();
});

describe('a sign-up', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } });
  });
  afterAll(() => gateway.close());

  test('that succeeds is stored, even if its connection loses its prepared statements', async () => {
    // The session is written last, just before the commit.
    await gateway.sql.unsafe(`
      create function forget() returns trigger language plpgsql as 'begin deallocate all; return null; end';
      create trigger forget after insert on portcullis_private.refresh_tokens for each statement execute function forget()`);
    const people = Array.from({ length: 20 }, () => newPerson());
    for (const person of people) await signUp(gateway, person);
    const emails = people.map(({ email }) => email);
    const stored = await gateway.sql`select email from portcullis.users where email = any(${emails})`;
    expect(stored).toHaveLength(people.length);
    await gateway.sql`drop trigger forget on portcullis_private.refresh_tokens`;
  });

  test('that Postgres refuses at the commit answers unavailable and is not stored', async () => {
    await gateway.sql.unsafe(`
      create function refuse() returns trigger language plpgsql as
        'begin raise exception using errcode = ''53100'', message = ''no space left''; end';
      create constraint trigger refuse after insert on portcullis.users deferrable initially deferred
        for each row execute function refuse()`);
    const person = newPerson();
    expect(await gateway.failure(SIGNUP, { input: person })).toMatchObject([
      { extensions: { code: 'unavailable', retryAfterSeconds: 5 } },
    ]);
    await gateway.sql`drop trigger refuse on portcullis.users`;
    const credentials = { email: person.email, password: person.password };
    expect(await gateway.failure(LOGIN, { input: credentials })).toMatchObject([
      { extensions: { code: 'invalid_credentials' } },
    ]);
  });
});
