import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, eventsOf, FORGOT, passSpacing } from '../accounts/accounts.ts';
import { LOGIN, newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';

/** Plays the captcha provider, which accepts the solution `solved`. */
const provider = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    response.end(JSON.stringify({ success: form.get('response') === 'solved' }));
  });
});

let plain: TestGateway;
let gateway: TestGateway;
beforeAll(async () => {
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const limits = {
    LIMIT_LOGIN_UNADDRESSED: '10/300',
    LIMIT_SIGNUP_UNADDRESSED: '10/300',
    LIMIT_PASSWORD_RESET_UNADDRESSED: '10/300',
    LIMIT_EMAIL_EXISTS_UNADDRESSED: '10/300',
    LIMIT_LOGIN_PER_ACCOUNT: '3/300',
  };
  plain = await startGateway({ env: limits });
  gateway = await startGateway({
    replicaOf: plain,
    env: {
      ...{ CAPTCHA_PROVIDER: 'turnstile', CAPTCHA_SECRET: 'x', CAPTCHA_SITE_KEY: 'y', CAPTCHA_FOR: 'resend' },
      CAPTCHA_VERIFY_URL: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/siteverify`,
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await plain.close();
  provider.closeAllConnections();
  provider.close();
});
beforeEach(() => plain.sql`delete from portcullis_private.rate_limits`);

const hasura = () => ({ 'x-hasura-gateway-secret': plain.secret, 'x-hasura-role': 'anonymous' });
const done = (running: Promise<unknown>) =>
  running.then(
    () => 'done',
    (error) => {
      const [{ extensions }] = error.response.errors;
      return [extensions.code, extensions.attribute].filter(Boolean).join(' ');
    },
  );
const EXISTS =
  'query ($email: String!, $captchaToken: String) { emailExists(email: $email, captchaToken: $captchaToken) }';
type Input = { captchaToken?: string; email?: string };
const forgot = (
  at: TestGateway,
  { email = newPerson().email, captchaToken }: Input = {},
  headers = hasura(),
) => done(at.graphql(FORGOT, { input: { email, captchaToken } }, headers));
const login = (at: TestGateway, { email = newPerson().email, captchaToken }: Input = {}) =>
  done(at.graphql(LOGIN, { input: { email, password: 'a guess', captchaToken } }, hasura()));
const signup = (at: TestGateway, { captchaToken }: Input = {}) =>
  done(at.graphql(SIGNUP, { input: { ...newPerson(), captchaToken } }, hasura()));
const exists = (at: TestGateway, { captchaToken }: Input = {}) =>
  done(at.graphql(EXISTS, { email: newPerson().email, captchaToken }, hasura()));
const counted = async (purpose: string): Promise<number> => {
  const [row] = await plain.sql`
    select count from portcullis_private.rate_limits where key like ${`${purpose}\\_unaddressed:%`}`;
  return (row?.count as number | undefined) ?? 0;
};
const times = async (n: number, run: () => Promise<string>): Promise<string[]> => {
  const outcomes: string[] = [];
  for (let i = 0; i < n; i++) outcomes.push(await run());
  return outcomes;
};

describe('the shared limit of callers without a known IP address', () => {
  test('counts repeated resets for one email address once', async () => {
    const { email } = newPerson();
    expect(await times(30, () => forgot(plain, { email }))).toEqual(Array(30).fill('done'));
    expect(await counted('password_reset')).toBe(1);
  });

  test('counts resets for unknown email addresses like those for accounts', async () => {
    const { user } = await signUp(plain);
    await passSpacing(plain);
    for (const email of [user.email, newPerson().email, 'no address']) {
      const before = await counted('password_reset');
      expect(await times(2, () => forgot(plain, { email }))).toEqual(['done', 'done']);
      expect(await counted('password_reset')).toBe(before + 1);
    }
  });

  test('answers rate_limited when it is spent, and queues no mail', async () => {
    expect(await times(11, () => forgot(plain))).toEqual([...Array(10).fill('done'), 'rate_limited']);
    const { user } = await signUp(plain);
    expect(await forgot(plain, { email: user.email })).toBe('rate_limited');
    expect(await eventsOf(plain, user.id)).not.toContain('password_reset_requested');
    await plain.sql`delete from portcullis_private.rate_limits where key like 'password\\_reset%'`;
    // The refused call did not start the waiting time between two mails.
    expect(await forgot(plain, { email: user.email })).toBe('done');
    expect(await eventsOf(plain, user.id)).toContain('password_reset_requested');
  });

  test('does not count the refused logins of a locked account', async () => {
    const { email } = newPerson();
    expect(await times(20, () => login(plain, { email }))).toEqual([
      ...Array(3).fill('invalid_credentials'),
      ...Array(17).fill('rate_limited'),
    ]);
    expect(await counted('login')).toBe(3);
  });

  test.each([
    ['forgotPassword', forgot, 'password_reset', 'done'],
    ['signup', signup, 'signup', 'done'],
    ['login', login, 'login', 'invalid_credentials'],
    ['emailExists', exists, 'email_exists', 'done'],
  ] as const)('requires a captcha for its last fifth: %s', async (_field, run, purpose, passed) => {
    expect(await times(8, () => run(gateway))).toEqual(Array(8).fill(passed));
    expect(await times(20, () => run(gateway))).toEqual(Array(20).fill('required captchaToken'));
    expect(await run(gateway, { captchaToken: 'a guess' })).toBe('captcha_failed captchaToken');
    // Calls without a solution were not counted. Two calls with a solution are left.
    expect(await counted(purpose)).toBe(8);
    expect(await times(3, () => run(gateway, { captchaToken: 'solved' }))).toEqual([
      passed,
      passed,
      'rate_limited',
    ]);
  });

  test('keeps its last fifth for captchas under thirty concurrent calls', async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => forgot(gateway)));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(8);
    expect(new Set(outcomes)).toEqual(new Set(['done', 'required captchaToken']));
    expect(await counted('password_reset')).toBe(8);
    expect(await forgot(gateway, { captchaToken: 'solved' })).toBe('done');
  });

  test('requires the captcha on the HTTP API too', async () => {
    await times(8, () => login(gateway));
    const { email } = newPerson();
    const body = { email, password: 'a guess' };
    const post = async (path: string, more: object) =>
      (await gateway.post(path, { ...body, ...more }, hasura())).body as {
        code: string;
        attribute: string | null;
      };
    for (const [path, name] of [
      ['/api/login', 'captchaToken'],
      ['/api/v1/login', 'captcha_token'],
    ] as const) {
      expect(await post(path, {})).toMatchObject({ code: 'required', attribute: 'captchaToken' });
      expect(await post(path, { [name]: 'a guess' })).toMatchObject({ code: 'captcha_failed' });
      expect(await post(path, { [name]: 'solved' })).toMatchObject({ code: 'invalid_credentials' });
    }
  });

  test('does not apply to callers whose IP address is known', async () => {
    await times(10, () => forgot(plain));
    expect(await done(gateway.graphql(FORGOT, { input: { email: newPerson().email } }))).toBe('done');
  });
});

test('the description of CaptchaInfo says when a captcha is required', async () => {
  const { __type } = await gateway.graphql<{ __type: { description: string } }>(
    '{ __type(name: "CaptchaInfo") { description } }',
  );
  expect(__type.description).toContain('only a fifth is left');
  expect(await codeOf(gateway.failure(FORGOT, { input: { email: '' } }, hasura()))).toBe('required email');
});
