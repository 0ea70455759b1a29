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

// What comes after connections were lost: the pool must be as good as new.

const POOL_SIZE = 4;
/** A statement with this word loses the connection it is sent on. */
const LOST = 'lost_in_the_network';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

/** Runs something with a pool of its own, all of whose connections have been used, behind a network of its own. */
async function withPool(run: (db: Database, relay: Relay) => Promise<void>): Promise<void> {
  const relay = await startRelay(new URL(database.url), LOST);
  const url = new URL(database.url);
  url.port = String(relay.port);
  const { db, close } = openDatabase({ url: url.href, poolSize: POOL_SIZE, statementTimeoutMs: 1000 });
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
  ['forgotten', (relay) => relay.forget()],
  ['hung up on', (relay) => void setTimeout(relay.hangUp, 100)],
])('connections that are %s all at once', (_how, lose) => {
  test.concurrent.each<[string, (db: Database) => Promise<unknown>]>([
    ['a statement', (db) => sleepInDatabase(db, 0.5)],
    ['a transaction', (db) => db.transaction((tx) => tx.execute(sql`select pg_sleep(0.5)`))],
    ['a template', (db) => db.$client`select pg_sleep(0.5)`],
  ])('are made anew, though %s that failed is followed by others at once', async (_what, work) => {
    await withPool(async (db, relay) => {
      for (let used = 0; used < 3; used++) {
        lose(relay);
        await expect(work(db)).rejects.toThrow();
        // As whoever has one thing to do after another goes on with the next.
        for (let next = 0; next < POOL_SIZE; next++) await select(db).catch(() => {});
        for (let round = 0; round < 2; round++) await useAll(db);
        // Another connection is the first in line next time.
        for (let time = 0; time < used; time++) await select(db);
      }
    });
  });
});

test.concurrent('a connection that answers is not cut off for one that does not', async () => {
  await withPool(async (db) => {
    let over = false;
    const lost = db.execute(sql.raw(`select 1 as ${LOST}`)).then(
      () => 'answered',
      () => {
        over = true;
        return 'failed';
      },
    );
    // Nobody asks the others, until each of them answers slowly: they do when the lost one is cut off.
    await wait(6000);
    const answerSlowly = async () => {
      while (!over) expect(await sleepInDatabase(db, 0.9)).toHaveLength(1);
    };
    await Promise.all(Array.from({ length: POOL_SIZE - 1 }, answerSlowly));
    expect(await lost).toBe('failed');
  });
});

test('a statement that was not sent when its connection closed does not keep the next connection mute', async () => {
  const sockets: ServerSocket[] = [];
  const client = openDriver(readDatabaseUrl(database.url), {
    ...{ applicationName: 'portcullis', statementTimeoutMs: 1000, poolSize: 1, prepare: true },
    onSocket: (socket) => sockets.push(socket),
  });
  try {
    await client`select 1`;
    const unsent = client`select ${'x'}::text`.catch((error: { code: string }) => error.code);
    // The driver has taken it, and writes it at the end of this turn of the event loop.
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

test('statements that come in every turn of the event loop while connections are lost leave none mute', async () => {
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
      // One that has been told of its end may close a little later.
      await useAll(db).catch(() => {});
      await useAll(db);
    }
    await admin.end();
    expect([...failures].sort()).not.toContain('CONNECT_TIMEOUT');
    expect(failures.size).toBeGreaterThan(0);
  });
});
