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

// Keys that change in the very moment in which somebody signs, publishes or makes them.

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

/** Waits until a query of somebody else's waits for a lock. */
const somebodyWaits = () =>
  expect
    .poll(async () => {
      const [row] = await gateway.sql`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.n;
    })
    .toBe(1);

describe('signing', () => {
  test('goes on with another key when the chosen one is deleted in that moment', async () => {
    const second = await generateKey(gateway);
    // A replica that has not signed with the first key yet, and so has to look up its private half.
    const replica = await startGateway({ replicaOf: gateway });
    let signedIn: Promise<SignedInAnswer> | undefined;
    await gateway.sql.begin(async (sql) => {
      await sql`lock table portcullis_private.private_jwks in access exclusive mode`;
      signedIn = logIn(replica, person);
      await somebodyWaits();
      await sql`delete from portcullis.jwks where id = ${first}`;
    });
    const { accessToken } = (await signedIn) ?? {};
    expect(keyOf(accessToken ?? '')).toBe(second);
    expect(await replica.graphql(ME, {}, bearer(accessToken ?? ''))).toMatchObject({ me: { email } });
    await replica.close();
  });

  test('leaves a key that has not a second left to another one, though that is new', async () => {
    const second = await generateKey(gateway);
    await expireKey(gateway, first, 0.95);
    const { accessToken } = await logIn(gateway, person);
    expect(keyOf(accessToken)).toBe(second);
    await verify(gateway, accessToken);
  });

  test('gives no token that is over before it is held, where there is no other key', async () => {
    await expireKey(gateway, first, 0.95);
    expect(await gateway.failure(LOGIN, { input: { email, password } })).toMatchObject([
      { extensions: { code: 'no_signing_key' } },
    ]);
  });

  test('never outlives the key, whatever fraction of a second that ends in', async () => {
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

test('ten replicas that look at once near the last key’s end make one successor', async () => {
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
  // Until all hold the successor the ending key signs, wherever somebody signs in.
  const tokens = await Promise.all(replicas.map((at) => logIn(at, person)));
  expect(new Set(tokens.map(({ accessToken }) => keyOf(accessToken)))).toEqual(new Set([first]));
  await Promise.all(replicas.map((replica) => replica.close()));
});
