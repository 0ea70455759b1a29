import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type Queryable } from '../../src/db/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  bearer,
  ME,
  newPerson,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { type Relay, startRelay } from '../support/relay.ts';

// A network between gateway and database that silently loses all data, as firewalls and failed hosts do.

/** The relay drops the connection on which a statement with this word is sent. */
const LOST = 'lost_in_the_network';

let database: TestDatabase;
let relay: Relay;
let gateway: TestGateway;
let signedIn: SignedInAnswer;
const person = newPerson();
beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  relay = await startRelay(url, { lost: LOST });
  url.port = String(relay.port);
  const env = { DATABASE_URL: url.href, DATABASE_POOL_SIZE: '10', DATABASE_STATEMENT_TIMEOUT_MS: '1000' };
  gateway = await startGateway({ env });
  signedIn = await signUp(gateway, person);
});
afterAll(async () => {
  relay.silence(false);
  await gateway.close();
  relay.close();
  await database.drop();
});

const ask = () => gateway.graphql(ME, {}, bearer(signedIn.accessToken));
const code = (error: { response: { errors: { extensions: { code: string } }[] } }) =>
  error.response.errors[0]?.extensions.code;

/** The gateway's server processes, read without the relay, which may drop connections. */
async function pids(): Promise<number[]> {
  const direct = postgres(database.url, { max: 1 });
  const rows = await direct<{ pid: number }[]>`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'portcullis'
    order by pid`;
  await direct.end();
  return rows.map(({ pid }) => pid);
}

test('an idle gateway keeps its connections', async () => {
  await Promise.all(Array.from({ length: 5 }, ask));
  const before = await pids();
  // Longer than the limit for a connection that owes an answer.
  await wait(9000);
  expect(await pids()).toEqual(before);
});

test.each([
  ['as many requests as connections', async () => (await pids()).length],
  ['more requests than the pool size', async () => 12],
])('%s answer unavailable in a silent network, and work once the network works', async (_what, count) => {
  const asked = Array.from({ length: await count() }, () => () => ask().then(() => 'answered', code));
  relay.silence(true);
  expect(await Promise.all(asked.map((again) => again()))).toEqual(asked.map(() => 'unavailable'));
  relay.silence(false);
  await expect.poll(() => ask().catch(code)).toMatchObject({ me: { email: person.email } });
});

test('the gateway replaces connections that a firewall dropped, for requests and for mails', async () => {
  await signUp(gateway);
  relay.forget();
  expect(await ask().catch(code)).toBe('unavailable');
  const input = { email: 'late@example.com', password: 'correct horse', name: 'Late' };
  await expect.poll(() => gateway.graphql(SIGNUP, { input }).catch(code)).toHaveProperty('signup');
  const mails = () =>
    gateway.deps.mailInbox?.list().filter(({ to }) => JSON.stringify(to).includes(input.email));
  await expect.poll(mails, { timeout: 40_000 }).toHaveLength(1);
});

test('a dropped connection fails its statements while other connections answer', async () => {
  const pool = openDatabase({ url: gateway.databaseUrl, poolSize: 2, statementTimeoutMs: 1000 });
  try {
    const busy = () => pool.db.execute(sql`select pg_sleep(0.1)`);
    await Promise.all([busy(), busy()]);
    const lost = pool.db.execute(sql.raw(`select 1 as ${LOST}`)).then(
      () => 'answered',
      () => 'failed',
    );
    let others = 0;
    while ((await Promise.race([lost, busy()])) !== 'failed') others += 1;
    expect(others).toBeGreaterThan(5);
    // At the moment in which a connection ends.
    expect(await pool.db.transaction((tx) => tx.execute(sql`select 1 as found`))).toMatchObject([
      { found: 1 },
    ]);
  } finally {
    await pool.close();
  }
});

test('idle connections stay open after other connections were lost', async () => {
  const pool = openDatabase({ url: gateway.databaseUrl, poolSize: 2, statementTimeoutMs: 1000 });
  const own = async (db: Queryable) =>
    (await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid;
  const direct = postgres(database.url, { max: 1 });
  try {
    for (const parallel of [1, 3]) {
      const killed = pool.db.transaction(async (tx) => {
        const pid = (await own(tx)) ?? 0;
        const asleep = Promise.all(
          Array.from({ length: parallel }, () => tx.execute(sql`select pg_sleep(0.5)`)),
        );
        await direct`select pg_terminate_backend(${pid}::int)`;
        await asleep;
      });
      await expect(killed).rejects.toThrow();
    }
    await expect.poll(() => own(pool.db).catch(() => null)).toBeGreaterThan(0);
    // The lost connections may still cause one cut of idle connections.
    await wait(9000);
    const before = await own(pool.db);
    await wait(9000);
    expect(await own(pool.db)).toBe(before);
  } finally {
    await direct.end();
    await pool.close();
  }
});

test('a statement of a template on a dropped connection fails instead of waiting forever', async () => {
  const pool = openDatabase({ url: gateway.databaseUrl, poolSize: 1, statementTimeoutMs: 1000 });
  try {
    await pool.db.$client`select 1`;
    relay.forget();
    await expect(pool.db.$client`select 1`).rejects.toThrow();
    await expect
      .poll(() => pool.db.$client`select 1 as found`.catch(() => null))
      .toMatchObject([{ found: 1 }]);
  } finally {
    await pool.close();
  }
});

test('a transaction on a dropped connection fails, inside and at the commit', async () => {
  const pool = openDatabase({ url: gateway.databaseUrl, poolSize: 2, statementTimeoutMs: 1000 });
  try {
    const inside = pool.db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await tx.execute(sql.raw(`select 1 as ${LOST}`));
    });
    await expect(inside).rejects.toThrow();
    const atCommit = pool.db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      relay.forget();
    });
    await expect(atCommit).rejects.toThrow();
    await expect.poll(() => pool.db.execute(sql`select 1 as found`).catch(() => null)).toMatchObject([{}]);
  } finally {
    await pool.close();
  }
});
