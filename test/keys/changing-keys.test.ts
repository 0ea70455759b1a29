import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { ageKey, expireKey, generateKey, keyOf, PUBLISHED, readJwks, verify } from './keys.ts';

// Keys that change exactly while the gateway signs with them, publishes them or makes them.

let gateway: TestGateway;
let first: string;
const person = newPerson();
const { email, password } = person;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_LOGIN_PER_ADDRESS: '10000/60' } });
  await signUp(gateway, person);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.sql`delete from portcullis.jwks`;
  first = await generateKey(gateway);
  await ageKey(gateway, PUBLISHED, first);
});

const deleteKey = (id: string) => gateway.sql`delete from portcullis.jwks where id = ${id}`;

/** Waits until another connection waits for a lock. */
const untilLockWait = () =>
  expect
    .poll(async () => {
      const [row] = await gateway.sql`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.n;
    })
    .toBe(1);

describe('signing', () => {
  test('uses another key when the chosen key is deleted at that moment', async () => {
    const second = await generateKey(gateway);
    // A replica that has not signed with the first key yet, so that it must look up the private half.
    const replica = await startGateway({ replicaOf: gateway });
    let signedIn: Promise<SignedInAnswer> | undefined;
    await gateway.sql.begin(async (sql) => {
      await sql`lock table portcullis_private.private_jwks in access exclusive mode`;
      signedIn = logIn(replica, person);
      await untilLockWait();
      await sql`delete from portcullis.jwks where id = ${first}`;
    });
    const { accessToken } = (await signedIn) ?? {};
    expect(keyOf(accessToken ?? '')).toBe(second);
    expect(await replica.graphql(ME, {}, bearer(accessToken ?? ''))).toMatchObject({ me: { email } });
    await replica.close();
  });

  test('uses a new key instead of one that expires within a second', async () => {
    const second = await generateKey(gateway);
    await expireKey(gateway, first, 0.95);
    const { accessToken } = await logIn(gateway, person);
    expect(keyOf(accessToken)).toBe(second);
    await verify(gateway, accessToken);
  });

  test('answers no_signing_key if the only key expires within a second', async () => {
    await expireKey(gateway, first, 0.95);
    expect(await gateway.failure(LOGIN, { input: { email, password } })).toMatchObject([
      { extensions: { code: 'no_signing_key' } },
    ]);
  });

  test('gives tokens that expire within the second in which their key expires', async () => {
    for (const seconds of [60.001, 60.5, 60.999]) {
      await expireKey(gateway, first, seconds);
      const [key] = await gateway.sql<{ expires_at: Date }[]>`select expires_at from portcullis.jwks`;
      const keyEnds = key?.expires_at.getTime() ?? 0;
      const { accessToken, teamToken } = await logIn(gateway, person);
      for (const token of [accessToken, teamToken ?? '']) {
        const end = ((await verify(gateway, token)).payload.exp ?? 0) * 1000;
        expect(end).toBeLessThanOrEqual(keyEnds);
        expect(end).toBeGreaterThan(keyEnds - 1000);
      }
    }
  });
});

/** A relay to the database that can hold back an answer, and all later answers. */
async function startRelay(databaseUrl: string) {
  const { hostname, port } = new URL(databaseUrl);
  let text: string | null = null;
  let held: (() => void)[] = [];
  const server = createServer((client: Socket) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (text !== null && (held.length > 0 || chunk.includes(text))) held.push(() => client.write(chunk));
      else client.write(chunk);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    /** Holds back the next answer that contains this text, and all later ones. */
    holdFrom: (part: string) => {
      text = part;
    },
    isHolding: () => held.length > 0,
    release: () => {
      for (const send of held) send();
      [text, held] = [null, []];
    },
    close: () => server.close(),
  };
}

describe('the JWKS', () => {
  test('lacks a deleted key in answers to later requests, even during an older read', async () => {
    const relay = await startRelay(gateway.databaseUrl);
    const replica = await startGateway({ replicaOf: gateway, env: { DATABASE_URL: relay.url } });
    const second = await generateKey(gateway);
    relay.holdFrom(first);
    const before = readJwks(replica);
    await expect.poll(relay.isHolding).toBe(true);
    await deleteKey(first);
    const third = await generateKey(gateway);
    const after = [readJwks(replica), readJwks(replica)];
    // The earlier requests have arrived when this one is answered, which needs no database.
    await fetch(`${replica.url}/health`);
    relay.release();
    expect((await before).ids).toEqual([first, second]);
    for (const answer of after) expect((await answer).ids).toEqual([second, third]);
    await replica.close();
    relay.close();
  });

  test('under load shows every change in answers to later requests, at every replica', async () => {
    const replicas = await Promise.all([1, 2].map(() => startGateway({ replicaOf: gateway })));
    const everywhere = [gateway, ...replicas];
    const [live, ended] = [new Set([first]), new Set<string>()];
    const wrong: unknown[] = [];
    let isOver = false;
    const keepReading = async (at: TestGateway) => {
      while (!isOver) {
        const [old, gone] = [[...live], [...ended]];
        const { ids, cacheControl } = await readJwks(at);
        // A key that began to end during this request may be in the set or not.
        const missing = old.filter((id) => live.has(id) && !ids.includes(id));
        const left = gone.filter((id) => ids.includes(id));
        const maxAge = Number(/^public, max-age=(\d+)$/.exec(cacheControl ?? '')?.[1]);
        if (missing.length > 0 || left.length > 0 || !(maxAge >= 1 && maxAge <= 300))
          wrong.push({ missing, left, cacheControl });
      }
    };
    const readers = everywhere.flatMap((at) => Array.from({ length: 8 }, () => keepReading(at)));
    for (let i = 0; i < 20; i++) {
      const made = await generateKey(everywhere[i % 3] ?? gateway);
      const [oldest = ''] = live;
      live.add(made).delete(oldest);
      await (i % 2 === 0 ? deleteKey(oldest) : expireKey(gateway, oldest));
      ended.add(oldest);
    }
    isOver = true;
    await Promise.all(readers);
    expect(wrong).toEqual([]);
    for (const replica of replicas) await replica.close();
  });
});

test('ten replicas that run housekeeping at once near the last key’s expiry make one successor', async () => {
  const replicas = await Promise.all(
    Array.from({ length: 10 }, () => startGateway({ replicaOf: gateway, env: { DATABASE_POOL_SIZE: '2' } })),
  );
  const before = (await readJwks(gateway)).ids;
  expect(before).toEqual([first]);
  await expireKey(gateway, first, 1800);
  const secret = { 'x-hasura-gateway-secret': gateway.secret };
  const rounds = await Promise.all(replicas.map((at) => at.post('/hasura/cron/prune', {}, secret)));
  expect(rounds.map(({ status }) => status)).toEqual(replicas.map(() => 200));
  expect((await readJwks(gateway)).ids).toHaveLength(2);
  // Until every cache holds the successor, the ending key signs at every replica.
  const tokens = await Promise.all(replicas.map((at) => logIn(at, person)));
  expect(new Set(tokens.map(({ accessToken }) => keyOf(accessToken)))).toEqual(new Set([first]));
  await Promise.all(replicas.map((replica) => replica.close()));
});
