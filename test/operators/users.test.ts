import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Accounts, allAtOnce, codeOf, eventsOf, RESET, startAccounts } from '../accounts/accounts.ts';
import { bearer, LOGIN, logIn, ME, newPerson, signUp } from '../support/gateway.ts';
import { asOperator, CREATE_USER, createUser, refusedOperation } from './operator.ts';

// createUser, by the operator.

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ SIGNUP: 'off' });
});
afterAll(() => accounts.close());

const refused = (input: object) => codeOf(refusedOperation(accounts.gateway, CREATE_USER, input));

describe('createUser', () => {
  test('creates a user who signs in, while sign-up is off', async () => {
    const { gateway } = accounts;
    const { email, password } = newPerson();
    const created = await createUser(gateway, { email: ` ${email.toUpperCase()} `, password, name: ' Ada ' });
    expect(created).toMatchObject({
      ...{ email, name: 'Ada', emailVerifiedAt: null, hasPassword: true, disabledAt: null },
    });
    const { user } = await logIn(gateway, { email, password });
    expect(user).toMatchObject({ id: created.userId, emailVerified: false });
    expect(await eventsOf(gateway, created.userId)).toEqual(['account_created', 'login']);
  });

  test('with emailVerified gives a default team, and the password counts as proven', async () => {
    const { gateway } = accounts;
    const { email, password } = newPerson();
    const { userId } = await createUser(gateway, { email, password, emailVerified: true });
    const { accessToken, user } = await logIn(gateway, { email, password });
    expect(user.emailVerified).toBe(true);
    const { me } = await gateway.graphql<{ me: { memberships: object[] } }>(ME, {}, bearer(accessToken));
    expect(me.memberships).toMatchObject([{ role: 'OWNER' }]);
    const [session] = await gateway.sql`select proven_at from portcullis.sessions where user_id = ${userId}`;
    expect(session?.proven_at).not.toBeNull();
  });

  test('without a password creates a user who cannot sign in, and needs no name', async () => {
    const { gateway } = accounts;
    const { email } = newPerson();
    expect(await createUser(gateway, { email })).toMatchObject({ name: null, hasPassword: false });
    expect(await codeOf(gateway.failure(LOGIN, { input: { email, password: 'correct horse' } }))).toBe(
      'invalid_credentials',
    );
  });

  test('with sendLink mails a link that sets the password and verifies the address, for 7 days', async () => {
    const { gateway } = accounts;
    const { email, password } = newPerson();
    const { userId } = await createUser(gateway, { email, sendLink: true });
    const { link, subject, text } = await accounts.mail(email, 'reset-password');
    expect(subject).toContain('Your account at');
    expect(text).toContain('7 days');
    const [token] = await gateway.sql`
      select expires_at > now() + interval '6 days 23 hours' as "isLong" from portcullis_private.one_time_tokens
      where user_id = ${userId}`;
    expect(token).toEqual({ isLong: true });
    const page = await fetch(link.replace('https://auth.example.com', gateway.url));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(email)]);
    const input = { token: link.split('/').at(-1), newPassword: password };
    await gateway.graphql(RESET, { input });
    expect((await logIn(gateway, { email, password })).user.emailVerified).toBe(true);
    expect(await codeOf(gateway.failure(RESET, { input }))).toBe('invalid_token token');
  });

  test('refuses bad input by its attribute, and creates nothing', async () => {
    const { gateway } = accounts;
    const { email } = newPerson();
    const count = async () => (await gateway.sql`select count(*)::int as n from portcullis.users`)[0]?.n;
    const before = await count();
    expect(await refused({ email: ' ' })).toBe('required email');
    expect(await refused({ email: 'not an address' })).toBe('invalid email');
    expect(await refused({ email, password: '' })).toBe('required password');
    expect(await refused({ email, password: 'short' })).toBe('min_length password');
    expect(await refused({ email, password: 'x'.repeat(1025) })).toBe('max_length password');
    expect(await refused({ email, name: ' ' })).toBe('required name');
    expect(await refused({ email, name: 'x'.repeat(256) })).toBe('max_length name');
    expect(await refused({ email, name: 'A\u0007' })).toBe('invalid name');
    expect(await count()).toBe(before);
  });

  test('answers already_registered for a taken address, and one of eight at once creates it', async () => {
    const { gateway } = accounts;
    const { email, password } = newPerson();
    const input = { email, password };
    const outcomes = await allAtOnce(8, () => createUser(gateway, input));
    expect(outcomes).toEqual([...Array(7).fill('already_registered'), 'done']);
    expect(await refused({ email })).toBe('already_registered email');
  });

  test('answers rate_limited if the address had this mail just now, and creates nothing', async () => {
    const { gateway } = accounts;
    const { email } = newPerson();
    const { userId } = await createUser(gateway, { email, sendLink: true });
    await gateway.sql`delete from portcullis.users where id = ${userId}`;
    expect(await refused({ email, sendLink: true })).toBe('rate_limited');
    expect(await gateway.sql`select from portcullis.users where email = ${email}`).toHaveLength(0);
  });
});

test('every operation of the operator answers permission_denied to all others', async () => {
  const { gateway } = accounts;
  const { email, password } = newPerson();
  const { userId } = await createUser(gateway, { email, password });
  const { accessToken } = await logIn(gateway, { email, password });
  const account = `(input: { userId: "${userId}" })`;
  const operations = [
    ...[`{ users { userId } }`, `mutation { createUser(input: { email: "x@example.com" }) { userId } }`],
    `mutation { updateUser(input: { userId: "${userId}", name: "X" }) { userId } }`,
    ...['deleteUser', 'disableAccount', 'enableAccount', 'endUserSessions'].map(
      (name) => `mutation { ${name}${account} { userId } }`,
    ),
    `mutation { sendPasswordReset${account} { ok } }`,
  ];
  const others = {
    anonymous: {},
    user: bearer(accessToken),
    'a client that claims to be Hasura': { 'x-hasura-role': 'admin' },
    'a wrong secret': { 'x-hasura-gateway-secret': 'x'.repeat(64), 'x-hasura-role': 'admin' },
    'a user behind Hasura': { ...asOperator(gateway), 'x-hasura-role': 'user', 'x-hasura-user-id': userId },
  };
  for (const [who, headers] of Object.entries(others))
    for (const operation of operations)
      expect(await codeOf(gateway.failure(operation, {}, headers)), `${who}: ${operation}`).toBe(
        'permission_denied',
      );
  expect(await logIn(gateway, { email, password })).toBeDefined();
});

test('signup stays off for people', async () => {
  await expect(signUp(accounts.gateway)).rejects.toThrow('Sign-up is switched off here.');
});
