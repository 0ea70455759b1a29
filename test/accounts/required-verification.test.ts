import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { LOGIN, logIn, newPerson, SIGNUP } from '../support/gateway.ts';
import { codeOf, eventsOf, FORGOT, passSpacing, RESET, startAccounts, VERIFY } from './accounts.ts';

const accounts = forFile(() => startAccounts({ REQUIRE_VERIFIED_EMAIL: 'on' }));

const signUpOnly = async () => {
  const { teamName: _, ...person } = newPerson();
  expect(await codeOf(accounts.gateway.failure(SIGNUP, { input: person }))).toBe('email_not_verified');
  return person;
};
const failingLogin = (input: { email: string; password: string }) =>
  codeOf(accounts.gateway.failure(LOGIN, { input: { email: input.email, password: input.password } }));

describe('REQUIRE_VERIFIED_EMAIL=on', () => {
  test('signup creates the account without a session, and answers email_not_verified', async () => {
    const { email } = await signUpOnly();
    const { sql } = accounts.gateway;
    const [user] = await sql`select id from portcullis.users where email = ${email}`;
    expect(await sql`select from portcullis.sessions where user_id = ${user?.id}`).toEqual([]);
    expect(await eventsOf(accounts.gateway, user?.id)).toEqual(['signup']);
    expect(await accounts.gateway.graphql('{ authConfig { requireVerifiedEmail } }')).toEqual({
      authConfig: { requireVerifiedEmail: true },
    });
  });

  test('login answers email_not_verified until the mailed token verifies the address', async () => {
    const person = await signUpOnly();
    expect(await failingLogin(person)).toBe('email_not_verified');
    const { token } = await accounts.mail(person.email, 'verify-email');
    await accounts.gateway.graphql(VERIFY, { input: { token, password: person.password } });
    await logIn(accounts.gateway, person);
  });

  test('login answers email_not_verified to the correct password only, and mails again once a minute', async () => {
    const person = await signUpOnly();
    await accounts.mail(person.email, 'verify-email');
    expect(await failingLogin({ ...person, password: 'wrong' })).toBe('invalid_credentials');
    expect(await failingLogin(person)).toBe('email_not_verified');
    expect(await failingLogin(person)).toBe('email_not_verified');
    await passSpacing(accounts.gateway);
    expect(await failingLogin(person)).toBe('email_not_verified');
    expect(await failingLogin(person)).toBe('email_not_verified');
    await accounts.mail(person.email, 'verify-email', 2);
    await expect.poll(() => accounts.gateway.sql`select from portcullis_jobs.jobs`).toEqual([]);
    expect(accounts.smtp.mails.filter(({ to }) => to.includes(person.email))).toHaveLength(2);
  });

  test('a password reset by mail verifies the address for login', async () => {
    const person = await signUpOnly();
    await accounts.gateway.graphql(FORGOT, { input: { email: person.email } });
    const { token } = await accounts.mail(person.email, 'reset-password');
    await accounts.gateway.graphql(RESET, { input: { token, newPassword: 'a new passphrase' } });
    await logIn(accounts.gateway, { ...person, password: 'a new passphrase' });
  });
});
