import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { isDatabaseAway } from '../../src/db/errors.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { newPerson, SIGNUP, signUp, startGateway } from '../support/gateway.ts';

let database: TestDatabase;
let admin: postgres.Sql;
let pool: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  pool = openDatabase({
    url: database.url,
    poolSize: 3,
    statementTimeoutMs: 5000,
    applicationName: 'transaction test',
  });
  await admin`create table public.notes (id int primary key)`;
});
afterAll(async () => {
  await pool.close();
  await admin.end();
  await database.drop();
});

/** Ends a connection and waits until its server process has ended. */
async function terminate(pid: number): Promise<void> {
  await admin`select pg_terminate_backend(${pid}, 5000)`;
}
const notes = async () =>
  (await admin<{ id: number }[]>`select id from public.notes order by id`).map(({ id }) => id);
const pidOf = async (tx: Parameters<Parameters<typeof pool.db.transaction>[0]>[0]) => {
  const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
  return row?.pid ?? 0;
};

describe('a transaction', () => {
  test('commits as a whole or not at all', async () => {
    await pool.db.transaction((tx) => tx.execute(sql`insert into public.notes values (1)`));
    await expect(
      pool.db.transaction(async (tx) => {
        await tx.execute(sql`insert into public.notes values (2)`);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await expect(
      pool.db.transaction(async (tx) => {
        await tx.execute(sql`insert into public.notes values (3)`);
        await tx.execute(sql`insert into public.notes values (1)`);
      }),
    ).rejects.toThrow();
    expect(await notes()).toEqual([1]);
  });

  test.each([
    [
      'between two statements',
      async (tx: never, pid: number) => {
        await terminate(pid);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await (tx as { execute: (s: object) => Promise<void> }).execute(sql`select 1`);
      },
    ],
    [
      'during a statement',
      async (tx: never, pid: number) => {
        const sleeping = (tx as { execute: (s: object) => Promise<void> })
          .execute(sql`select pg_sleep(3)`)
          .then();
        sleeping.catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
        await terminate(pid);
        await sleeping;
      },
    ],
    [
      'before the commit',
      async (_tx: never, pid: number) => {
        await terminate(pid);
        await new Promise((resolve) => setTimeout(resolve, 100));
      },
    ],
  ])('that loses its connection %s fails, and the pool keeps working', async (_when, lose) => {
    const failure = await pool.db
      .transaction(async (tx) => {
        await tx.execute(sql`insert into public.notes values (10)`);
        await lose(tx as never, await pidOf(tx));
      })
      .catch((error: unknown) => error);
    expect(isDatabaseAway(failure)).toBe(true);
    expect(await notes()).toEqual([1]);
    // More transactions than connections: the pool has not lost one. The first transaction on a new connection may get the
    // error of the lost connection again.
    const many = () =>
      Promise.allSettled(
        Array.from({ length: 9 }, () => pool.db.transaction((tx) => tx.execute(sql`select 1`))),
      );
    for (const outcome of await many())
      if (outcome.status === 'rejected') expect(isDatabaseAway(outcome.reason)).toBe(true);
    expect((await many()).map(({ status }) => status)).toEqual(Array(9).fill('fulfilled'));
  });
});

test('a transaction that begins while all connections have waiting statements commits only its own statements', async () => {
  await admin`create table public.waiting (id int)`;
  const select = () => pool.db.$client`select 1`.execute();
  await Promise.all(Array.from({ length: 3 }, () => pool.db.execute(sql`select pg_sleep(0.1)`)));
  // About the number that the driver sends ahead: a hundred on each of three connections.
  for (let count = 294; count <= 306; count++) {
    const waiting = Array.from({ length: count }, select);
    const write = sql`insert into public.waiting values (${count})`;
    const [outcome] = await Promise.allSettled([pool.db.transaction((tx) => tx.execute(write)), ...waiting]);
    expect([count, outcome.status]).toEqual([count, 'fulfilled']);
  }
  await Promise.all(
    Array.from({ length: 9 }, () => pool.db.execute(sql`insert into public.waiting values (0)`)),
  );
  expect(await admin`select count(*)::int from public.waiting`).toEqual([{ count: 13 + 9 }]);
});

test('sign-ups whose connections are cut succeed or answer unavailable, and the gateway recovers', async () => {
  const gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '10000/60' } });
  let cutting = true;
  const cutter = (async () => {
    while (cutting) {
      await gateway.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'portcullis' and datname = current_database()`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const answers = await Promise.all(
    Array.from({ length: 60 }, () =>
      gateway.post('/graphql', { query: SIGNUP, variables: { input: newPerson() } }),
    ),
  );
  cutting = false;
  await cutter;
  const codes = answers.map(({ body }) => {
    const { errors } = body as { errors?: { extensions: { code: string } }[] };
    return errors?.[0]?.extensions.code ?? 'signed up';
  });
  expect(new Set(codes)).toContain('unavailable');
  expect([...new Set(codes)].filter((code) => !['signed up', 'unavailable'].includes(code))).toEqual([]);
  await expect.poll(async () => (await fetch(`${gateway.url}/ready`)).status).toBe(200);
  await signUp(gateway);
  await gateway.close();
});
