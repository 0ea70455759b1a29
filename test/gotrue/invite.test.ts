import { afterAll, beforeAll, expect, test } from 'vitest';
import { administrate, JWT_SECRET } from './administrators.ts';
import { type Codes, SITE, startCodes } from './codes.ts';
import { verifiedPerson } from './people.ts';
import { bearer, expectError, send, TIME, type WireAnswer } from './wire.ts';

// Invitations by servers, on a gateway whose sign-up is closed.

let codes: Codes;
beforeAll(async () => {
  codes = await startCodes({ GOTRUE_JWT_SECRET: JWT_SECRET, SIGNUP: 'off' });
});
afterAll(() => codes.close());

let count = 0;
const newEmail = (): string => {
  count += 1;
  return `invited-${count}@example.com`;
};
const invite = (body: object, query = ''): Promise<WireAnswer> =>
  administrate(codes.gateway, 'POST', `/invite${query}`, body);
const signIn = (email: string, password: string) =>
  codes.post('/token?grant_type=password', { email, password });

test('an invited user is created, and gets in by the mailed code with a password of their own', async () => {
  const email = newEmail();
  const { status, body } = await invite({ email, data: { team: 'blue' } });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      ...{ email, role: 'authenticated', invited_at: TIME, confirmation_sent_at: TIME, phone: '' },
      ...{ user_metadata: { team: 'blue' }, app_metadata: { provider: 'email', providers: ['email'] } },
    },
  });
  expect(body).not.toHaveProperty('email_confirmed_at');
  const { code, type } = await codes.mailed(email);
  expect(type).toBe('invite');
  const verified = await codes.post('/verify', {
    type: 'invite',
    email,
    token: code,
    password: 'Own-horse-1',
  });
  expect(verified).toMatchObject({ status: 200, body: { user: { email_confirmed_at: TIME } } });
  expect((await signIn(email, 'Own-horse-1')).status).toBe(200);
});

test('the link leads to the target that the server names, if it is allowed', async () => {
  const email = newEmail();
  await invite({ email }, `?redirect_to=${encodeURIComponent(`${SITE}/welcome`)}`);
  const { link } = await codes.mailed(email);
  expect(link.searchParams.get('redirect_to')).toBe(`${SITE}/welcome`);
  const opened = await codes.open(link);
  expect([opened.status, opened.headers.get('location')?.split('#')[0]]).toEqual([303, `${SITE}/welcome`]);
  const other = newEmail();
  await invite({ email: other }, '?redirect_to=https%3A%2F%2Fevil.example%2F');
  expect((await codes.mailed(other)).link.searchParams.get('redirect_to')).toBe(SITE);
});

test('inviting again mails another code to the same user, and the former one stops working', async () => {
  const email = newEmail();
  const first = (await invite({ email })).body as { id: string };
  const former = await codes.mailed(email);
  expect(await invite({ email })).toMatchObject({ status: 200, body: { id: first.id, invited_at: TIME } });
  const { code } = await codes.mailed(email, 2);
  const stale = await codes.post('/verify', { type: 'invite', token_hash: former.token });
  expectError(stale, 403, 'otp_expired', expect.any(String));
  expect((await codes.post('/verify', { type: 'invite', email, token: code })).status).toBe(200);
});

test('what a stranger set up with the address does not survive the invitation', async () => {
  const open = await startCodes({ GOTRUE_JWT_SECRET: JWT_SECRET });
  try {
    const email = newEmail();
    const stranger = { email, password: 'planted horse', name: 'Eve' };
    const signup = 'mutation ($input: SignupInput!) { signup(input: $input) { accessToken } }';
    await open.gateway.graphql(signup, { input: stranger });
    expect((await administrate(open.gateway, 'POST', '/invite', { email })).status).toBe(200);
    const { code } = await open.mailed(email);
    const verified = await open.post('/verify', { type: 'invite', email, token: code });
    expect(verified.status).toBe(200);
    const answer = await open.post('/token?grant_type=password', { email, password: 'planted horse' });
    expect(answer.status).toBe(400);
  } finally {
    await open.close();
  }
});

test('a confirmed address, a disabled user and a bad address are refused, and get no mail', async () => {
  const { email, id } = await confirmed();
  expectError(await invite({ email: email.toUpperCase() }), 422, 'email_exists', expect.any(String));
  const banned = newEmail();
  const { body } = await invite({ email: banned });
  await administrate(codes.gateway, 'PUT', `/admin/users/${(body as { id: string }).id}`, {
    ban_duration: '1h',
  });
  expectError(await invite({ email: banned }), 403, 'user_banned', 'User is banned');
  expect(await codes.countMails(email)).toBe(0);
  expect(await codes.countMails(banned)).toBeLessThanOrEqual(1);
  for (const [bad, message] of [
    ['nope', 'Unable to validate email address: invalid format'],
    ['', 'An email address is required'],
    [`${'a'.repeat(250)}@example.com`, 'An email address is too long'],
  ])
    expectError(await invite({ email: bad }), 400, 'validation_failed', message);
  expectError(await invite({}), 400, 'validation_failed', 'An email address is required');
  expect(id).toBeTruthy();
});

async function confirmed(): Promise<{ email: string; id: string }> {
  const email = newEmail();
  const { body } = await administrate(codes.gateway, 'POST', '/admin/users', { email, email_confirm: true });
  return { email, id: (body as { id: string }).id };
}

test('one address five times at once is one user', async () => {
  const email = newEmail();
  const answers = await Promise.all(Array.from({ length: 5 }, () => invite({ email })));
  // Mails to one address are spaced.
  expect(answers.filter(({ status }) => status !== 200 && status !== 429)).toEqual([]);
  expect(await codes.gateway.sql`select id from portcullis.users where email = ${email}`).toHaveLength(1);
});

test('a person may not invite: not_admin; without a token: no_authorization', async () => {
  const open = await startCodes({ GOTRUE_JWT_SECRET: JWT_SECRET });
  try {
    const ada = await verifiedPerson(open.gateway);
    const headers = bearer(ada.accessToken);
    const body = { email: newEmail() };
    expectError(
      await send(open.gateway, 'POST', '/invite', { body, headers }),
      403,
      'not_admin',
      'User not allowed',
    );
    expectError(
      await send(open.gateway, 'POST', '/invite', { body }),
      401,
      'no_authorization',
      expect.any(String),
    );
    expect(await open.gateway.sql`select from portcullis.users where email = ${body.email}`).toEqual([]);
  } finally {
    await open.close();
  }
});
