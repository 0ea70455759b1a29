import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDatabaseUrl } from '../../src/config/database-url.ts';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { openDriver } from '../../src/db/driver/postgres.ts';
import type { ServerSocket } from '../../src/db/driver/server-socket.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';
import { type Relay, startRelay } from '../support/relay.ts';

// After connections were lost, the pool must work like a new pool.

const POOL_SIZE = 4;
/** The relay drops the connection on which a statement with this word is sent. */
const LOST = 'lost_in_the_network';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

/** Runs a test with its own relay and its own pool, all of whose connections have been used. */
async function withPool(
  run: (db: Database, relay: Relay) => Promise<void>,
  statementTimeoutMs = 1000,
): Promise<void> {
  const relay = await startRelay(new URL(database.url), { lost: LOST });
  const url = new URL(database.url);
  url.port = String(relay.port);
  const { db, close } = openDatabase({ url: url.href, poolSize: POOL_SIZE, statementTimeoutMs });
  try {
    await useAll(db);
    await run(db, relay);
  } finally {
    await close();
    relay.close();
  }
}
const sleepInDatabase = (db: Database, seconds: number) =>
  db.execute(sql`select pg_sleep(${seconds}::float8)`);
const select = (db: Database) => db.execute(sql`select 1`);
const useAll = (db: Database) =>
  Promise.all(Array.from({ length: POOL_SIZE }, () => sleepInDatabase(db, 0.1)));

describe.concurrent.each<[string, (relay: Relay) => void]>([
  ['dropped', (relay) => relay.forget()],
  ['closed', (relay) => void setTimeout(relay.hangUp, 100)],
])('a pool whose connections are all %s at once', (_how, lose) => {
  test.concurrent.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => sleepInDatabase(db, 0.5)],
    ['a transaction', (db) => db.transaction((tx) => tx.execute(sql`select pg_sleep(0.5)`))],
    ['a template', (db) => db.$client`select pg_sleep(0.5)`],
  ])('reconnects, even if more statements follow %s that failed at once', async (_what, work) => {
    await withPool(async (db, relay) => {
      for (let used = 0; used < 3; used++) {
        lose(relay);
        await expect(work(db)).rejects.toThrow();
        // A caller continues with its next statement at once.
        for (let next = 0; next < POOL_SIZE; next++) await select(db).catch(() => {});
        for (let round = 0; round < 2; round++) await useAll(db);
        // So that another connection is first in line next time.
        for (let time = 0; time < used; time++) await select(db);
      }
    });
  });
});

test.concurrent('the pool does not cut off working connections because another one is silent', async () => {
  await withPool(async (db) => {
    let over = false;
    const lost = db.execute(sql.raw(`select 1 as ${LOST}`)).then(
      () => 'answered',
      () => {
        over = true;
        return 'failed';
      },
    );
    // The other connections are idle at first, and answer slowly when the lost connection is cut off.
    await wait(6000);
    const answerSlowly = async () => {
      while (!over) expect(await sleepInDatabase(db, 0.9)).toHaveLength(1);
    };
    await Promise.all(Array.from({ length: POOL_SIZE - 1 }, answerSlowly));
    expect(await lost).toBe('failed');
  });
});

test('the next connection works after a connection closed with an unsent statement', async () => {
  const sockets: ServerSocket[] = [];
  const client = openDriver(readDatabaseUrl(database.url), {
    ...{ applicationName: 'portcullis', statementTimeoutMs: 1000, poolSize: 1, prepare: true },
    onSocket: (socket) => sockets.push(socket),
  });
  try {
    await client`select 1`;
    const unsent = client`select ${'x'}::text`.catch((error: { code: string }) => error.code);
    // The driver has accepted the statement, and writes it at the end of this turn of the event loop.
    for (let step = 0; step < 5; step++) await null;
    sockets[0]?.emit('close', false);
    expect(await unsent).toBe('CONNECTION_CLOSED');
    expect(await client`select ${'y'}::text as y`).toEqual([{ y: 'y' }]);
    expect(sockets).toHaveLength(2);
  } finally {
    for (const socket of sockets) socket.destroy();
    await client.end();
  }
});

test('connections lost while statements arrive in every turn of the event loop are all replaced', async () => {
  await withPool(async (db) => {
    const admin = postgres(database.url, { max: 1, onnotice: () => {} });
    const failures = new Set<string>();
    const one = async () => {
      const ask = db.execute(sql`select ${'x'}::text as x`);
      const answer = await ask.catch(
        ({ cause }: { cause: { code: string } }) => void failures.add(cause.code),
      );
      if (answer !== undefined) expect(answer).toEqual([{ x: 'x' }]);
    };
    for (let round = 0; round < 8; round++) {
      const all: Promise<void>[] = [];
      const lost = admin`
        select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      let over = false;
      const end = lost.then(() => {
        over = true;
      });
      while (!over) {
        all.push(one());
        await nextTurn();
      }
      await end;
      await Promise.all(all);
      // A connection that was terminated may close a little later.
      await useAll(db).catch(() => {});
      await useAll(db);
    }
    await admin.end();
    expect([...failures].sort()).not.toContain('CONNECT_TIMEOUT');
    expect(failures.size).toBeGreaterThan(0);
  });
});

test('statements work after the server has ended the connections of statements that ran', async () => {
  const admin = postgres(database.url, { max: 1, onnotice: () => {} });
  await withPool(async (db) => {
    const asleep = Array.from({ length: POOL_SIZE }, () =>
      sleepInDatabase(db, 60).then(
        () => null,
        (error: { cause?: { code?: string } }) => error.cause?.code,
      ),
    );
    await expect
      .poll(
        () => admin`select from pg_stat_activity where datname = current_database() and query like '%pg_sleep%'
        and state = 'active' and pid <> pg_backend_pid()`,
      )
      .toHaveLength(POOL_SIZE);
    await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    expect(await Promise.all(asleep)).toEqual(Array.from({ length: POOL_SIZE }, () => '57P01'));
    await useAll(db);
  }, 100_000);
  await admin.end();
});
