import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, LOGIN, logIn, ME, newPerson, signUp, startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway());
const replica = forFile(() => startGateway({ replicaOf: gateway }));

const failure = (input: { email: string; password: string }, at = gateway) => at.failure(LOGIN, { input });
const error = (code: string, message: string, more: object = {}) => [
  { message, extensions: { code, attribute: null, ...more }, path: ['login'] },
];
const invalidCredentials = error('invalid_credentials', 'Invalid email or password.');
const rateLimited = (wait: unknown = expect.any(Number)) =>
  error('rate_limited', 'Too many attempts. Try again later.', { retryAfterSeconds: wait });

/** Signs up a person, and returns their credentials. */
async function account(at = gateway) {
  const person = newPerson();
  await signUp(at, person);
  return { email: person.email, password: person.password };
}
async function fail(input: { email: string; password: string }, times: number, at = gateway): Promise<void> {
  for (let i = 0; i < times; i++)
    expect(await failure({ ...input, password: `guess ${i}` }, at)).toEqual(invalidCredentials);
}
const windowEnds = () =>
  gateway.sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 minute' where key like 'login_account:%'`;
const codesOf = (answers: { body: unknown }[]) =>
  answers.map(({ body }) => {
    const { errors } = body as { errors?: { extensions: { code: string } }[] };
    return errors?.[0]?.extensions.code ?? 'signed in';
  });

describe('ten failed logins', () => {
  test('lock the account even for the correct password, and end no session: rate_limited', async () => {
    const person = await account();
    const { accessToken } = await logIn(gateway, person);
    await fail(person, 10);
    expect(await failure({ ...person, password: 'guess' })).toEqual(rateLimited());
    const [refusal] = (await failure(person)) as { extensions: { retryAfterSeconds: number } }[];
    expect([refusal]).toEqual(rateLimited());
    expect(refusal?.extensions.retryAfterSeconds).toBeLessThanOrEqual(900);
    expect(refusal?.extensions.retryAfterSeconds).toBeGreaterThan(840);
    expect(await gateway.graphql(ME, {}, bearer(accessToken))).toMatchObject({ me: { email: person.email } });
    await logIn(gateway, await account());
  });

  test('lead to 429 with Retry-After at the portal, and 200 with Retry-After at GraphQL', async () => {
    const person = await account();
    await fail(person, 10);
    const portal = await gateway.post('/api/v1/login', person);
    expect(portal).toMatchObject({
      status: 429,
      body: { code: 'rate_limited', detail: 'Too many attempts. Try again later.', attribute: null },
    });
    expect(portal.headers.get('retry-after')).toMatch(/^8[4-9]\d|900$/);
    const graphql = await gateway.post('/graphql', { query: LOGIN, variables: { input: person } });
    expect(graphql.status).toBe(200);
    expect(graphql.headers.get('retry-after')).toMatch(/^8[4-9]\d|900$/);
    expect(JSON.stringify(graphql.body)).not.toContain('"http"');
  });

  test('count for one account in every spelling of the address and in every API', async () => {
    const person = await account();
    const spellings = [person.email.toUpperCase(), `  ${person.email} `, person.email];
    for (let i = 0; i < 9; i++) await fail({ ...person, email: spellings[i % 3] ?? '' }, 1);
    expect(await gateway.post('/api/v1/login', { ...person, password: 'guess' })).toMatchObject({
      status: 400,
    });
    expect(await failure(person)).toEqual(rateLimited());
  });

  test('of an unknown address are answered like those of an account', async () => {
    const unknown = { email: newPerson().email, password: 'guess' };
    const garbage = { email: 'no address', password: 'guess' };
    for (const input of [unknown, garbage]) {
      await fail(input, 10);
      expect(await failure(input)).toEqual(rateLimited());
    }
  });

  test('are forgotten after a correct password', async () => {
    const person = await account();
    for (let round = 0; round < 2; round++) {
      await fail(person, 9);
      await logIn(gateway, person);
    }
    await fail(person, 10);
    expect(await failure(person)).toEqual(rateLimited());
  });

  test('are forgotten when the window ends, and later attempts do not extend the window', async () => {
    const person = await account();
    await fail(person, 10);
    const ends = () =>
      gateway.sql`select resets_at from portcullis_private.rate_limits where count >= 10 and key like 'login_account:%' order by key`;
    const before = await ends();
    for (let i = 0; i < 3; i++) expect(await failure(person)).toEqual(rateLimited());
    expect(await ends()).toEqual(before);
    await windowEnds();
    await fail(person, 1);
    await logIn(gateway, person);
  });

  test('are the limit for thirty concurrent guesses too: rate_limited', async () => {
    const person = await account();
    const hashed = gateway.deps.hashGate.finished + replica.deps.hashGate.finished;
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 === 0 ? gateway : replica).post('/graphql', {
          query: LOGIN,
          variables: { input: { ...person, password: `guess ${i}` } },
        }),
      ),
    );
    expect(codesOf(answers).sort()).toEqual([
      ...Array(10).fill('invalid_credentials'),
      ...Array(20).fill('rate_limited'),
    ]);
    // A refused attempt costs no hash.
    expect(gateway.deps.hashGate.finished + replica.deps.hashGate.finished - hashed).toBe(10);
  });

  test('are counted together by all replicas', async () => {
    const person = await account();
    await fail(person, 5, gateway);
    await fail(person, 5, replica);
    for (const at of [gateway, replica]) expect(await failure(person, at)).toEqual(rateLimited());
  });
});

test('guesses at many accounts from one address at once are rate_limited, and cost no hash beyond the limit', async () => {
  const strict = await startGateway({
    replicaOf: gateway,
    env: { LIMIT_LOGIN_PER_ADDRESS: '12/900', TRUSTED_PROXIES: 'loopback' },
  });
  const hashed = strict.deps.hashGate.finished;
  const answers = await Promise.all(
    Array.from({ length: 40 }, () =>
      strict.post(
        '/graphql',
        { query: LOGIN, variables: { input: { email: newPerson().email, password: 'guess' } } },
        { 'x-forwarded-for': '203.0.113.74' },
      ),
    ),
  );
  expect(codesOf(answers).sort()).toEqual([
    ...Array(12).fill('invalid_credentials'),
    ...Array(28).fill('rate_limited'),
  ]);
  expect(strict.deps.hashGate.finished - hashed).toBe(12);
  await strict.close();
});

describe('aliased logins', () => {
  const aliased = (n: number, { email, password }: { email: string; password: string }) =>
    `mutation { ${Array.from(
      { length: n },
      (_, i) => `a${i}: login(input: { email: "${email}", password: "${password}" }) { expiresAt }`,
    ).join(' ')} }`;
  const attempts = async () => {
    const [row] = await gateway.sql`
      select sum(count)::int as count from portcullis_private.rate_limits where key like 'login_address:%'`;
    return row?.count as number;
  };

  test('end at the first wrong password: invalid_credentials', async () => {
    const person = await account();
    const [attempted, hashed] = [await attempts(), gateway.deps.hashGate.finished];
    expect(await gateway.failure(aliased(12, { ...person, password: 'guess' }))).toEqual([
      { ...invalidCredentials[0], path: ['a0'] },
    ]);
    expect(await attempts()).toBe(attempted + 1);
    expect(gateway.deps.hashGate.finished).toBe(hashed + 1);
    await fail(person, 9);
    expect(await failure(person)).toEqual(rateLimited());
  });

  test('are counted one by one: rate_limited', async () => {
    const person = await account();
    const attempted = await attempts();
    await gateway.graphql(aliased(12, person));
    expect(await attempts()).toBe(attempted + 12);
    const strict = await startGateway({ replicaOf: gateway, env: { LIMIT_LOGIN_PER_ADDRESS: '5/300' } });
    await gateway.sql`delete from portcullis_private.rate_limits`;
    const { body } = await strict.post('/graphql', { query: aliased(8, person) });
    expect(body).toMatchObject({
      data: null,
      errors: [{ path: ['a5'], extensions: { code: 'rate_limited' } }],
    });
    await strict.close();
  });
});

describe('login counters', () => {
  test('do not contain the address, and are pruned when their window ends', async () => {
    const person = await account();
    await fail(person, 1);
    const rows = await gateway.sql`select * from portcullis_private.rate_limits`;
    expect(rows.length).toBeGreaterThan(1);
    for (const { key } of rows) expect(key).toMatch(/^[a-z_]+:[\w-]{43}$/);
    expect(JSON.stringify(rows)).not.toContain(person.email.split('@')[0]);
    await gateway.sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 second'`;
    await gateway.post('/hasura/cron/prune', {}, { 'x-hasura-gateway-secret': gateway.secret });
    expect(await gateway.sql`select * from portcullis_private.rate_limits`).toHaveLength(0);
  });

  test('follow LIMIT_LOGIN_PER_ACCOUNT and LIMIT_SIGNUP_PER_ADDRESS', async () => {
    const strict = await startGateway({
      env: { LIMIT_LOGIN_PER_ACCOUNT: '2/60', LIMIT_SIGNUP_PER_ADDRESS: '1/60' },
    });
    const person = await account(strict);
    await fail(person, 2, strict);
    expect(await failure(person, strict)).toEqual(rateLimited());
    const { status, headers } = await strict.post('/api/v1/signup', { ...newPerson(), team_name: 'Engines' });
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    await strict.close();
  });

  test('are not stored if RATE_LIMITS is off', async () => {
    const open = await startGateway({ env: { RATE_LIMITS: 'off' } });
    const person = await account(open);
    await fail(person, 12, open);
    await logIn(open, person);
    expect(await open.sql`select * from portcullis_private.rate_limits`).toHaveLength(0);
    await open.close();
  });
});
