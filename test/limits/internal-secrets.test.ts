import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bearer, LOGIN, ME, newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';

// Wrong internal secrets. All of Hasura's traffic comes from one address, and so may an attacker's.

const LIMIT = 5;
let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway({
    env: { LIMIT_INTERNAL_SECRET_PER_ADDRESS: `${LIMIT}/600`, TRUSTED_PROXIES: 'loopback' },
  });
});
afterEach(() => gateway.close());

type Way = { path: string; header: string; body?: object };
const BY_ADMIN = { session_variables: { 'x-hasura-role': 'admin' } };
const WAYS: Way[] = [
  { path: '/graphql', header: 'x-hasura-gateway-secret', body: { query: '{ __typename }' } },
  { path: '/hasura/actions/generateJwk', header: 'x-hasura-gateway-secret', body: BY_ADMIN },
  { path: '/hasura/actions/unknown', header: 'x-hasura-gateway-secret', body: {} },
  { path: '/hasura/cron/prune', header: 'x-hasura-gateway-secret', body: {} },
  { path: '/api/login', header: 'x-hasura-gateway-secret', body: { email: 'a', password: 'b' } },
  ...['/api/_ens', '/api/_jwk-gen', '/api/_delete-jwks'].map((path) => ({ path, header: 'authorization' })),
];

const attempt = ({ path, header, body }: Way, secret: string, headers = {}) =>
  gateway.post(path, body, { [header]: secret, ...headers });
const statuses = async (tries: number, way: Way, headers = {}) => {
  const seen: number[] = [];
  for (let n = 0; n < tries; n++) seen.push((await attempt(way, `wrong ${n}`, headers)).status);
  return seen;
};
const denied = (times: number) => Array<number>(times).fill(403);
const events = () =>
  gateway.sql`select outcome, host(address) as address, user_agent, details
    from portcullis.security_events where action = 'internal_secret_refused' order by details -> 'tries'`;
const warnings = () => gateway.logged().match(/^.*A wrong internal secret was refused.*$/gm) ?? [];

describe.each(WAYS)('internal secrets at $path', (way) => {
  test('wrong secrets are rate_limited, and the right secret is never refused', async () => {
    expect(await statuses(LIMIT, way)).toEqual(denied(LIMIT));
    const refused = await attempt(way, 'wrong');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(500);
    expect(JSON.stringify(refused.body)).toContain('"code":"rate_limited"');
    const right = await attempt(way, gateway.secret);
    expect([403, 429]).not.toContain(right.status);
    expect((await attempt(way, 'wrong')).status).toBe(429);
  });
});

test('an action answers rate_limited in the form that Hasura passes on', async () => {
  const way = { path: '/hasura/actions/generateJwk', header: 'x-hasura-gateway-secret', body: {} };
  await statuses(LIMIT, way);
  expect((await attempt(way, 'wrong')).body).toEqual({
    message: 'Too many wrong secrets. Try again later.',
    code: 'rate_limited',
    extensions: { code: 'rate_limited', attribute: null, retryAfterSeconds: expect.any(Number) },
  });
});

test('wrong secrets are counted per IP address, over all routes together', async () => {
  const [graphql, action, , cron, , internal] = WAYS as [Way, Way, Way, Way, Way, Way];
  for (const way of [graphql, action, cron, internal, internal])
    expect(await statuses(1, way)).toEqual(denied(1));
  for (const way of [graphql, action, cron, internal]) expect(await statuses(1, way)).toEqual([429]);
  const elsewhere = { 'x-forwarded-for': '192.0.2.7' };
  expect(await statuses(LIMIT + 1, internal, elsewhere)).toEqual([...denied(LIMIT), 429]);
});

test('requests without a secret are not rate_limited for wrong secrets', async () => {
  const person = newPerson();
  const { accessToken } = await signUp(gateway, person);
  await statuses(2 * LIMIT, WAYS[0] as Way);
  expect(await gateway.graphql(ME, {}, bearer(accessToken))).toHaveProperty('me.email', person.email);
  expect(
    await gateway.graphql(LOGIN, { input: { email: person.email, password: person.password } }),
  ).toHaveProperty('login.accessToken');
  for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer' }])
    expect((await gateway.post('/api/_ens', undefined, headers)).status).toBe(403);
  expect((await gateway.post('/hasura/actions/generateJwk', {})).status).toBe(403);
});

test('400 wrong secrets cause two warnings and two events, without the secret', async () => {
  const secret = 'guessed-guessed-guessed-guessed-guessed';
  const tries = Array.from({ length: 400 }, (_, n) =>
    attempt(WAYS[n % WAYS.length] as Way, `${secret}${n}`, { 'user-agent': 'Guesser/1' }),
  );
  await Promise.all(tries);
  await expect.poll(events).toHaveLength(2);
  expect(await events()).toEqual([
    {
      outcome: 'failure',
      address: '127.0.0.1',
      user_agent: 'Guesser/1',
      details: { header: expect.any(String), tries: 1, unreported: 1 },
    },
    {
      outcome: 'failure',
      address: '127.0.0.1',
      user_agent: 'Guesser/1',
      details: { header: expect.any(String), tries: LIMIT + 1, unreported: LIMIT },
    },
  ]);
  expect(warnings()).toHaveLength(2);
  expect(gateway.logged()).not.toContain(secret);
  expect(JSON.stringify(await events())).not.toContain(secret);
});

test('wrong secrets from 60 addresses cause ten events', async () => {
  for (let n = 0; n < 60; n++) await attempt(WAYS[0] as Way, 'wrong', { 'x-forwarded-for': `192.0.2.${n}` });
  await expect.poll(events).toHaveLength(10);
  expect(warnings()).toHaveLength(10);
});

test('a wrong secret beside a header that is not UTF-8 is counted', async () => {
  const way = WAYS[1] as Way;
  const odd = { 'user-agent': 'caf\xe9' };
  expect(await statuses(LIMIT + 1, way, odd)).toEqual([...denied(LIMIT), 429]);
});

test('a wrong secret is recorded even if RATE_LIMITS is off', async () => {
  const unlimited = await startGateway({ replicaOf: gateway, env: { RATE_LIMITS: 'off' } });
  for (let n = 0; n < 2 * LIMIT; n++)
    expect(
      (await unlimited.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': 'wrong' })).status,
    ).toBe(403);
  await expect.poll(events).not.toHaveLength(0);
  await unlimited.close();
});

describe('credentials of another scheme than Bearer', () => {
  const QUERIES: [string, object][] = [
    [ME, {}],
    ['{ sessions { id } }', {}],
    ['mutation { logout { sessionsEnded } }', {}],
  ];
  const SAID = 'Send the token as `Authorization: Bearer <token>`.';

  test('are unauthenticated with a hint if a field needs a user', async () => {
    const { accessToken } = await signUp(gateway);
    for (const authorization of [accessToken, 'Basic YTpi', `Token ${accessToken}`, `bearer:${accessToken}`])
      for (const [query, variables] of QUERIES)
        expect(await gateway.failure(query, variables, { authorization })).toMatchObject([
          { message: SAID, extensions: { code: 'unauthenticated' } },
        ]);
  });

  test('are unauthenticated with a hint at HTTP endpoints that need a token', async () => {
    const { accessToken } = await signUp(gateway);
    for (const path of ['/api/refresh', '/api/resend-email-verification'])
      for (const authorization of [accessToken, 'Basic YTpi', '']) {
        const answer = await fetch(gateway.url + path, { headers: { authorization } });
        expect({ status: answer.status, body: await answer.json() }).toEqual({
          status: 401,
          body: { code: 'unauthenticated', detail: SAID, attribute: null },
        });
      }
  });

  test('do not stop a client from logging in or refreshing', async () => {
    const headers = { authorization: 'Basic YTpi' };
    const person = newPerson();
    const { refreshToken } = await signUp(gateway, person);
    const { email, password } = person;
    expect(await gateway.graphql('{ authConfig { signup } }', {}, headers)).toBeTruthy();
    expect(await gateway.graphql(LOGIN, { input: { email, password } }, headers)).toBeTruthy();
    const refresh = 'mutation ($t: String) { refresh(input: { refreshToken: $t }) { accessToken } }';
    expect(await gateway.graphql(refresh, { t: refreshToken }, headers)).toBeTruthy();
    expect((await gateway.post('/api/login', { email, password }, headers)).status).toBe(200);
  });

  test('are ignored beside the session variables of Hasura', async () => {
    const { user } = await signUp(gateway);
    const headers = {
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-role': 'user',
      'x-hasura-user-id': user.id,
      authorization: 'Basic YTpi',
    };
    expect(await gateway.graphql(ME, {}, headers)).toHaveProperty('me.id', user.id);
  });
});
