import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { ageKey, expireKey, generateKey, keyOf, PUBLISHED, readJwks, verify } from './keys.ts';
import { fetchFrom, openVerifier } from './verifiers.ts';

const REFRESH = 'mutation ($input: RefreshInput!) { refresh(input: $input) { accessToken refreshToken } }';

let gateway: TestGateway;
let replica: TestGateway;
const person = newPerson();
beforeAll(async () => {
  gateway = await startGateway();
  replica = await startGateway({ replicaOf: gateway });
  await signUp(gateway, person);
});
afterAll(async () => {
  await replica.close();
  await gateway.close();
});

/** The key that signs at the start of each test: every cache holds it. */
let first: string;
beforeEach(async () => {
  await gateway.sql`delete from portcullis.jwks`;
  first = await generateKey(gateway);
  await ageKey(gateway, 1000, first);
});

const me = (at: TestGateway, token: string) => at.graphql(ME, {}, bearer(token));
const signingKey = async (at = gateway) => keyOf((await logIn(at, person)).accessToken);
const credentials = { email: person.email, password: person.password };
const refusedEverywhere = async (token: string) => {
  for (const at of [gateway, replica])
    expect(await at.failure(ME, {}, bearer(token))).toEqual([
      {
        message: expect.any(String),
        extensions: { code: 'unauthenticated', attribute: null },
        path: ['me'],
      },
    ]);
};

describe('a new key', () => {
  test('is published at once, signs when every cache holds it, and leaves old tokens valid', async () => {
    const before = (await logIn(gateway, person)).accessToken;
    const second = await generateKey(gateway);
    for (const at of [gateway, replica])
      expect((await readJwks(at)).ids.sort()).toEqual([first, second].sort());

    expect(await signingKey()).toBe(first);
    await ageKey(gateway, PUBLISHED - 60, second);
    expect(await signingKey()).toBe(first);
    await ageKey(gateway, PUBLISHED, second);
    expect(await signingKey()).toBe(second);
    expect(await signingKey(replica)).toBe(second);

    await verify(gateway, before);
    expect(await me(replica, before)).toMatchObject({ me: { email: person.email } });
  });

  test('signs after twice JWKS_MAX_AGE and 150 seconds', async () => {
    const quick = await startGateway({ replicaOf: gateway, env: { JWKS_MAX_AGE: '10' } });
    const second = await generateKey(quick);
    await ageKey(gateway, 110, second);
    expect(await signingKey(quick)).toBe(first);
    await ageKey(gateway, 171, second);
    expect(await signingKey(quick)).toBe(second);
    // At a gateway with a longer JWKS_MAX_AGE the same key waits longer.
    expect(await signingKey(gateway)).toBe(first);
    expect((await readJwks(quick)).cacheControl).toBe('public, max-age=10');
    await quick.close();
  });

  test('signs at once as the only key', async () => {
    await expireKey(gateway);
    const second = await generateKey(gateway);
    await generateKey(gateway);
    expect(await signingKey()).toBe(second);
  });

  test('does not sign tokens that would live longer than the key, if another key lives longer', async () => {
    const ending = await generateKey(gateway);
    await ageKey(gateway, PUBLISHED, ending);
    await expireKey(gateway, ending, 300);
    expect(await signingKey()).toBe(first);
    await expireKey(gateway, ending, 1200);
    expect(await signingKey()).toBe(ending);
  });
});

describe('an expiry edited in the table', () => {
  test('makes every replica refuse the key’s tokens at once, and another key signs', async () => {
    const { accessToken } = await logIn(gateway, person);
    const second = await generateKey(gateway);
    for (const at of [gateway, replica]) await me(at, accessToken);
    await expireKey(gateway, first);
    await refusedEverywhere(accessToken);
    for (const at of [gateway, replica]) {
      expect(await signingKey(at)).toBe(second);
      expect((await readJwks(at)).ids).toEqual([second]);
    }
  });

  test('that is undone makes the key’s tokens valid again', async () => {
    const { accessToken } = await logIn(gateway, person);
    await expireKey(gateway, first);
    await refusedEverywhere(accessToken);
    await expireKey(gateway, first, 3600);
    expect(await me(gateway, accessToken)).toMatchObject({ me: { email: person.email } });
    expect(await signingKey(replica)).toBe(first);
  });

  test('shortens the tokens that are signed afterwards', async () => {
    await expireKey(gateway, first, 120);
    const [row] =
      await gateway.sql`select floor(extract(epoch from expires_at))::int as expires from portcullis.jwks`;
    const { accessToken, teamToken, expiresAt } = await logIn(gateway, person);
    expect(Date.parse(expiresAt)).toBe(row?.expires * 1000);
    for (const token of [accessToken, teamToken ?? ''])
      expect((await verify(gateway, token)).payload.exp).toBe(row?.expires);
    const portal = (await gateway.post('/api/v1/login', credentials)).body as { token: string };
    expect((await verify(gateway, portal.token)).payload.exp).toBe(row?.expires);
  });
});

test('every replica refuses the tokens of a deleted key at once, and another key signs', async () => {
  const { accessToken } = await logIn(gateway, person);
  for (const at of [gateway, replica]) await me(at, accessToken);
  const second = await generateKey(gateway);
  await gateway.sql`delete from portcullis.jwks where id = ${first}`;
  await refusedEverywhere(accessToken);
  for (const at of [gateway, replica]) {
    expect(await signingKey(at)).toBe(second);
    expect((await readJwks(at)).ids).toEqual([second]);
  }
  const left = await gateway.sql`select id from portcullis_private.private_jwks`;
  expect(left.map(({ id }) => id)).toEqual([second]);
});

describe('a gateway whose keys have all expired', () => {
  beforeEach(() => expireKey(gateway));

  const noSigningKey = (field: string) => [
    {
      message: 'The gateway has no usable signing key.',
      extensions: { code: 'no_signing_key', attribute: null, requestId: expect.any(String) },
      path: [field],
    },
  ];

  test('answers 503 at /ready with the reason, and 200 at /health', async () => {
    const ready = await fetch(`${gateway.url}/ready`);
    expect({ status: ready.status, body: await ready.json() }).toEqual({
      status: 503,
      body: {
        ready: false,
        checks: [
          { name: 'database', ok: true },
          { name: 'migrations', ok: true },
          { name: 'signing_key', ok: false, reason: 'The gateway has no usable signing key.' },
        ],
      },
    });
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  });

  test('answers no_signing_key to sign-up and login and writes nothing', async () => {
    const rows = () => gateway.sql`
      select (select count(*) from portcullis.users) users, (select count(*) from portcullis.teams) teams,
        (select count(*) from portcullis.sessions) sessions,
        (select count(*) from portcullis_private.refresh_tokens) tokens`;
    const before = await rows();
    expect(await gateway.failure(LOGIN, { input: credentials })).toEqual(noSigningKey('login'));
    expect(await gateway.failure(SIGNUP, { input: newPerson() })).toEqual(noSigningKey('signup'));
    expect(await gateway.post('/api/v1/login', credentials)).toMatchObject({
      status: 503,
      body: { code: 'no_signing_key', detail: 'The gateway has no usable signing key.', attribute: null },
    });
    expect(await rows()).toEqual(before);
  });

  test('gets a key by housekeeping, which a verifier knows when its cache has expired', async () => {
    await expireKey(gateway, first, 3600);
    let now = 0;
    const verifier = await openVerifier(
      fetchFrom(
        () => gateway.url,
        () => now,
      ),
      { now: () => now },
    );
    const before = await logIn(gateway, person);
    await expireKey(gateway);
    const refresh = { input: { refreshToken: before.refreshToken } };
    expect(await replica.failure(REFRESH, refresh)).toEqual(noSigningKey('refresh'));

    await replica.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret });
    const [healing = ''] = (await readJwks(gateway)).ids;
    // The refresh token was not used up.
    const { accessToken } = (await replica.graphql<{ refresh: SignedInAnswer }>(REFRESH, refresh)).refresh;
    expect(keyOf(accessToken)).toBe(healing);
    expect(await me(gateway, accessToken)).toMatchObject({ me: { email: person.email } });

    now = 299_000;
    await verifier.look();
    expect(verifier.held().ids).toEqual([first]);
    now = 300_000;
    await verifier.look();
    expect(verifier.held().ids).toEqual([healing]);
  });

  test('publishes its empty JWKS with max-age=1, and signs with a newly generated key', async () => {
    expect(await readJwks(gateway)).toEqual({ keys: [], ids: [], cacheControl: 'public, max-age=1' });
    const healing = await generateKey(gateway);
    expect((await fetch(`${replica.url}/ready`)).status).toBe(200);
    expect(await signingKey(replica)).toBe(healing);
    await signUp(gateway);
  });
});
