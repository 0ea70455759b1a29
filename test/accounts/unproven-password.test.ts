import { beforeEach, describe, expect, test } from 'vitest';
import { makeJobsDue, queueForLater } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, logIn, PUBLIC_URL } from '../support/gateway.ts';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  codeOf,
  FORGOT,
  join,
  type Member,
  openPage,
  passSpacing,
  RESEND,
  RESET,
  startAccounts,
  VERIFY,
} from './accounts.ts';

// A stranger has an account with the address of another person's mailbox. The stranger's password is not proven.

const accounts = forFile(() => startAccounts());

let stranger: Member;
let changed: string;
beforeEach(async () => {
  stranger = await join(accounts);
  changed = `another passphrase ${stranger.user.id}`;
});

const changePassword = () =>
  accounts.gateway.graphql(
    CHANGE_PASSWORD,
    { input: { currentPassword: stranger.password, newPassword: changed } },
    stranger.headers,
  );
const forgot = async () => {
  await accounts.gateway.graphql(FORGOT, { input: { email: stranger.email } });
  return (await accounts.mail(stranger.email, 'reset-password')).token;
};
const reset = { newPassword: 'the owner’s own' };
describe('changing an unproven password', () => {
  test('keeps an earlier reset link valid, and that link ends the stranger’s session', async () => {
    const token = await forgot();
    await changePassword();
    await accounts.gateway.graphql(RESET, { input: { token, ...reset } });
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(false);
    await logIn(accounts.gateway, { ...stranger, password: reset.newPassword });
  });

  test('keeps the verification page valid, on which the owner can disown the sign-up', async () => {
    const { link } = await accounts.mail(stranger.email, 'verify-email');
    await changePassword();
    const page = link.slice(PUBLIC_URL.length);
    expect((await openPage(accounts.gateway, page)).status).toBe(200);
    expect((await openPage(accounts.gateway, page, { disown: 'yes' })).status).toBe(303);
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(false);
  });

  test('does not stop a queued reset link from being mailed', async () => {
    const { sql } = accounts.gateway;
    await queueForLater(sql, { kind: 'password_reset', userId: stranger.user.id });
    await changePassword();
    await makeJobsDue(sql);
    const { token } = await accounts.mail(stranger.email, 'reset-password');
    await accounts.gateway.graphql(RESET, { input: { token, ...reset } });
    expect(await isSignedIn(accounts.gateway, stranger)).toBe(false);
  });

  test('ends a pending change of address: invalid_token', async () => {
    const newEmail = `new-${stranger.email}`;
    const input = { newEmail, currentPassword: stranger.password };
    await accounts.gateway.graphql(CHANGE_EMAIL, { input }, stranger.headers);
    const { token } = await accounts.mail(newEmail, 'change-email');
    await changePassword();
    const confirm = { input: { token, password: changed } };
    expect(await codeOf(accounts.gateway.failure(CONFIRM_EMAIL, confirm))).toBe('invalid_token token');
  });
});

test('changing a proven password retires the mailed reset link: invalid_token', async () => {
  const { token: verification } = await accounts.mail(stranger.email, 'verify-email');
  const { password } = stranger;
  await accounts.gateway.graphql(VERIFY, { input: { token: verification, password } });
  const token = await forgot();
  await changePassword();
  const input = { token, ...reset };
  expect(await codeOf(accounts.gateway.failure(RESET, { input }))).toBe('invalid_token token');
});

test('“I did not sign up” ends a stranger’s session on a verified account, and the page says so', async () => {
  const { gateway } = accounts;
  const victim = `victim-${stranger.email}`;
  const { password, headers } = stranger;
  const input = { newEmail: victim, currentPassword: password };
  await gateway.graphql(CHANGE_EMAIL, { input }, headers);
  const confirm = (await accounts.mail(victim, 'change-email')).token;
  await gateway.graphql(CONFIRM_EMAIL, { input: { token: confirm } });
  await passSpacing(gateway);
  await gateway.graphql(RESEND, {}, headers);
  const page = (await accounts.mail(victim, 'verify-email')).link.slice(PUBLIC_URL.length);
  expect((await openPage(gateway, page)).html).toContain(
    'Every device on which this address was not confirmed is signed out',
  );
  expect(await isSignedIn(accounts.gateway, stranger)).toBe(true);
  expect((await openPage(gateway, page, { disown: 'yes' })).status).toBe(303);
  expect(await isSignedIn(accounts.gateway, stranger)).toBe(false);
  const [event] = await gateway.sql`
    select details from portcullis.security_events where user_id = ${stranger.user.id} and action = 'signup_disowned'`;
  expect(event?.details).toEqual({ teams: 0, sessions: 1, identities: 0 });
});
