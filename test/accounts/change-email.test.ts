import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, logIn, ME, newPerson, startGateway } from '../support/gateway.ts';
import {
  allAtOnce,
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  CONFIRM_EMAIL,
  codeOf,
  eventsOf,
  FORGOT,
  join,
  type Member,
  passSpacing,
  proveAddress,
  RESET,
  startAccounts,
} from './accounts.ts';

const accounts = forFile(() => startAccounts());

const ask = ({ headers, password }: Member, newEmail: string) =>
  accounts.gateway.graphql(CHANGE_EMAIL, { input: { newEmail, currentPassword: password } }, headers);
const confirm = (token: string) => accounts.gateway.graphql(CONFIRM_EMAIL, { input: { token } });
const failingConfirm = (token: string) =>
  codeOf(accounts.gateway.failure(CONFIRM_EMAIL, { input: { token } }));
const emailOf = async ({ user }: Member) =>
  (await accounts.gateway.sql`select email from portcullis.users where id = ${user.id}`)[0]?.email as string;

/** A person who has asked to change their address, and the mailed token. */
async function asked() {
  const ada = await join(accounts);
  const newEmail = newPerson().email;
  await ask(ada, newEmail);
  return { ada, newEmail, token: (await accounts.mail(newEmail, 'change-email')).token };
}

describe('changeEmail', () => {
  test('changes the address once the new mailbox confirms, and notifies the former address', async () => {
    const { ada, newEmail, token } = await asked();
    await proveAddress(accounts.gateway, ada);
    const other = await logIn(accounts.gateway, ada);
    expect(await emailOf(ada)).toBe(ada.email);
    expect(await confirm(token)).toEqual({ confirmEmailChange: { ok: true } });
    expect(await accounts.gateway.graphql(ME, {}, ada.headers)).toMatchObject({
      me: { email: newEmail, emailVerified: true },
    });
    await accounts.notice(ada.email, /address .* was changed/i);
    await logIn(accounts.gateway, { email: newEmail, password: ada.password });
    await accounts.gateway.graphql(ME, {}, bearer(other.accessToken)); // other sessions stay
    expect(await eventsOf(accounts.gateway, ada.user.id)).toEqual([
      ...['signup', 'email_change_requested', 'login', 'email_changed', 'login'],
    ]);
    await join(accounts, { email: ada.email }); // the former address is free
  });

  test('gives an unverified user the default team, and mails no notice to the unproven former address', async () => {
    const { ada, token } = await asked();
    await confirm(token);
    expect(await accounts.gateway.graphql(ME, {}, ada.headers)).toMatchObject({
      me: { memberships: [{ role: 'OWNER' }] },
    });
    await expect.poll(() => accounts.gateway.sql`select from portcullis_jobs.jobs`).toEqual([]);
    expect(
      accounts.smtp.mails.filter(({ to, subject }) => to.includes(ada.email) && /changed/.test(subject)),
    ).toEqual([]);
  });

  test('retires the reset link that was mailed to the former address: invalid_token', async () => {
    const { ada, token } = await asked();
    await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
    const { token: reset } = await accounts.mail(ada.email, 'reset-password');
    await confirm(token);
    const input = { token: reset, newPassword: 'a new passphrase' };
    expect(await codeOf(accounts.gateway.failure(RESET, { input }))).toBe('invalid_token token');
  });

  test('answers ok for the address of another account, and mails nothing there', async () => {
    const [ada, grace] = [await join(accounts), await join(accounts)];
    expect(await ask(ada, grace.email.toUpperCase())).toEqual({ changeEmail: { ok: true } });
    expect(await ask(ada, newPerson().email)).toEqual({ changeEmail: { ok: true } });
    const jobs = () => accounts.gateway.sql`select from portcullis_jobs.jobs`;
    await expect.poll(jobs).toEqual([]);
    const toGrace = accounts.smtp.mails.filter(({ to }) => to.includes(grace.email));
    expect(toGrace.filter(({ link }) => link.includes('change-email'))).toEqual([]);
    const requests = (await eventsOf(accounts.gateway, ada.user.id)).slice(1);
    expect(requests).toEqual(['email_change_requested', 'email_change_requested']);
  });

  test('confirming an address that another account has taken answers invalid_token, and changes nothing', async () => {
    const { ada, newEmail, token } = await asked();
    await join(accounts, { email: newEmail });
    expect(await failingConfirm(token)).toBe('invalid_token token');
    expect(await emailOf(ada)).toBe(ada.email);
    expect(await eventsOf(accounts.gateway, ada.user.id)).not.toContain('email_changed');
  });

  test('if two users confirm one address at once, one gets it and the other gets invalid_token', async () => {
    const { newEmail, token } = await asked();
    const grace = await join(accounts);
    await passSpacing(accounts.gateway);
    await ask(grace, newEmail);
    const second = await accounts.mail(newEmail, 'change-email', 2);
    const tokens = [token, second.token];
    expect(await allAtOnce(2, () => confirm(tokens.pop() ?? ''))).toEqual(['done', 'invalid_token']);
  });

  test('of eight concurrent confirmations one succeeds, and one notice is mailed', async () => {
    const { ada, token } = await asked();
    await proveAddress(accounts.gateway, ada);
    expect(await allAtOnce(8, () => confirm(token))).toEqual(['done', ...Array(7).fill('invalid_token')]);
    await accounts.notice(ada.email, /address .* was changed/i);
    await expect.poll(() => accounts.gateway.sql`select from portcullis_jobs.jobs`).toEqual([]);
    expect(
      accounts.smtp.mails.filter(({ to, subject }) => to.includes(ada.email) && /changed/.test(subject)),
    ).toHaveLength(1);
  });

  test('an expired link, a replaced link and a link from before a password change answer invalid_token', async () => {
    const { ada, token } = await asked();
    const other = newPerson().email;
    await ask(ada, other);
    const second = await accounts.mail(other, 'change-email');
    expect(await failingConfirm(token)).toBe('invalid_token token');
    await accounts.gateway.sql`update portcullis_private.one_time_tokens set expires_at = now()`;
    expect(await failingConfirm(second.token)).toBe('invalid_token token');
    const third = await asked();
    const input = { currentPassword: third.ada.password, newPassword: 'a new passphrase' };
    await accounts.gateway.graphql(CHANGE_PASSWORD, { input }, third.ada.headers);
    expect(await failingConfirm(third.token)).toBe('invalid_token token');
    expect(await failingConfirm('')).toBe('required token');
  });

  test('refuses a missing, malformed or unchanged address, a wrong password, and an anonymous caller', async () => {
    const ada = await join(accounts);
    const failing = (input: object, headers?: Record<string, string>) =>
      codeOf(accounts.gateway.failure(CHANGE_EMAIL, { input }, headers));
    const good = { newEmail: newPerson().email, currentPassword: ada.password };
    expect(await failing({ ...good, newEmail: '' }, ada.headers)).toBe('required newEmail');
    expect(await failing({ ...good, newEmail: 'no address' }, ada.headers)).toBe('invalid newEmail');
    expect(await failing({ ...good, newEmail: ada.email.toUpperCase() }, ada.headers)).toBe(
      'invalid newEmail',
    );
    expect(await failing({ ...good, currentPassword: 'wrong' }, ada.headers)).toBe(
      'invalid_credentials currentPassword',
    );
    expect(await failing(good)).toBe('unauthenticated');
  });

  test('is rate_limited per new address, and per user and day', async () => {
    const strict = await startGateway({
      replicaOf: accounts.gateway,
      env: { LIMIT_EMAIL_CHANGES_PER_USER: '2/86400' },
    });
    const ada = await join(accounts);
    const again = async (newEmail: string) =>
      codeOf(
        strict.failure(CHANGE_EMAIL, { input: { newEmail, currentPassword: ada.password } }, ada.headers),
      );
    const newEmail = newPerson().email;
    await ask(ada, newEmail);
    expect(await again(newEmail)).toBe('rate_limited');
    expect(await again(newPerson().email)).toBe('rate_limited');
    await strict.close();
  });
});
