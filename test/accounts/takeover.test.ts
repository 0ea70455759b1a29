import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, LOGIN, type SignedInAnswer } from '../support/gateway.ts';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  codeOf,
  DELETE_ACCOUNT,
  FORGOT,
  join,
  type Member,
  passSpacing,
  RESET,
  startAccounts,
  VERIFY,
} from './accounts.ts';

const accounts = forFile(() =>
  startAccounts({
    LIMIT_LOGIN_PER_ACCOUNT: '1000/60',
    LIMIT_LOGIN_PER_ADDRESS: '10000/60',
    LIMIT_EMAIL_CHANGES_PER_USER: '1000/60',
  }),
);

const resetToken = async ({ email }: Member, count = 1) => {
  await passSpacing(accounts.gateway);
  await accounts.gateway.graphql(FORGOT, { input: { email } });
  return (await accounts.mail(email, 'reset-password', count)).token;
};
const reset = (token: string, newPassword: string) =>
  accounts.gateway.graphql(RESET, { input: { token, newPassword } });
/** Repeats a call every few milliseconds until the work is done. Returns the results of the calls that succeeded. */
async function repeatDuring<T>(work: Promise<unknown>, run: () => Promise<T>, everyMs = 5): Promise<T[]> {
  let busy = true;
  const stop = () => {
    busy = false;
  };
  work.then(stop, stop);
  const runs: Promise<T | null>[] = [];
  while (busy) {
    runs.push(run().catch(() => null));
    await sleep(everyMs);
  }
  await work;
  return (await Promise.all(runs)).filter((outcome) => outcome !== null);
}
const logInAs = async ({ email, password }: Member) =>
  (await accounts.gateway.graphql<{ login: SignedInAnswer }>(LOGIN, { input: { email, password } })).login;
const hasAccess = (signedIn: SignedInAnswer) => isSignedIn(accounts.gateway, signedIn);

describe('a stranger who knows the old password', () => {
  test('keeps no session that they opened during a password reset', async () => {
    const victim = await join(accounts);
    const token = await resetToken(victim);
    const sessions = await repeatDuring(reset(token, 'a new passphrase'), () => logInAs(victim));
    expect((await Promise.all(sessions.map(hasAccess))).filter(Boolean)).toEqual([]);
  });

  test('keeps no session that they opened during a password change', async () => {
    const victim = await join(accounts);
    const change = accounts.gateway.graphql(
      CHANGE_PASSWORD,
      { input: { currentPassword: victim.password, newPassword: 'a new passphrase' } },
      victim.headers,
    );
    const sessions = await repeatDuring(change, () => logInAs(victim));
    expect((await Promise.all(sessions.map(hasAccess))).filter(Boolean)).toEqual([]);
    expect(await hasAccess(victim)).toBe(true);
  });

  test('cannot change the password in a session that ends while the change waits: invalid_credentials', async () => {
    const { gateway } = accounts;
    const victim = await join(accounts);
    const input = { currentPassword: victim.password, newPassword: 'a new passphrase' };
    let change: Promise<string> | undefined;
    await gateway.sql.begin(async (tx) => {
      await tx`select from portcullis.users where id = ${victim.user.id} for update`;
      change = codeOf(gateway.failure(CHANGE_PASSWORD, { input }, victim.headers));
      const waiting = () => tx`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and application_name = 'portcullis'`;
      await expect.poll(async () => (await waiting()).length).toBe(1);
      await gateway.graphql(
        'mutation { logout(input: { scope: GLOBAL }) { sessionsEnded } }',
        {},
        victim.headers,
      );
    });
    expect(await change).toBe('invalid_credentials currentPassword');
    await logInAs(victim);
  });

  test('gets no valid link to another address during a password reset', async () => {
    const victim = await join(accounts);
    const thief = 'thief@example.com';
    const token = await resetToken(victim);
    const input = { newEmail: thief, currentPassword: victim.password };
    await repeatDuring(reset(token, 'a new passphrase'), async () => {
      await passSpacing(accounts.gateway);
      return accounts.gateway.graphql(CHANGE_EMAIL, { input }, victim.headers);
    });
    await expect
      .poll(async () => (await accounts.gateway.sql`select 1 from portcullis_jobs.jobs`).length)
      .toBe(0);
    const live = await accounts.gateway
      .sql`select 1 from portcullis_private.one_time_tokens where user_id = ${victim.user.id}`;
    expect(live).toEqual([]);
  });
});

test('a replaced reset token stays invalid if the database restarts its job numbers', async () => {
  const { gateway } = accounts;
  const person = await join(accounts);
  const rewind = async () =>
    gateway.sql`select setval(pg_get_serial_sequence('portcullis_jobs._private_jobs', 'id'), 500000, false)`;
  await rewind();
  const first = await resetToken(person);
  await rewind();
  const second = await resetToken(person, 2);
  expect(second).not.toBe(first);
  await expect(reset(first, 'a new passphrase')).rejects.toThrow();
});

test('the gateway mails notices only to proven addresses', async () => {
  const stranger = await join(accounts);
  const { gateway, smtp } = accounts;
  const other = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' };
  await gateway.graphql(LOGIN, { input: { email: stranger.email, password: stranger.password } }, other);
  const input = { currentPassword: stranger.password, newPassword: 'a new passphrase' };
  await gateway.graphql(CHANGE_PASSWORD, { input }, stranger.headers);
  await expect.poll(async () => (await gateway.sql`select 1 from portcullis_jobs.jobs`).length).toBe(0);
  expect(
    smtp.mails
      .filter(({ to }) => to.includes(stranger.email))
      .map(({ link }) => link.includes('/verify-email/')),
  ).toEqual([true]);

  const owner = await join(accounts);
  await gateway.graphql(VERIFY, {
    input: { token: (await accounts.mail(owner.email, 'verify-email')).token, password: owner.password },
  });
  await gateway.graphql(LOGIN, { input: { email: owner.email, password: owner.password } }, other);
  await accounts.notice(owner.email, /sign-in/i);
});

test('logins during the deletion of their account fail only with invalid_credentials or unauthenticated', async () => {
  for (let round = 0; round < 4; round++) {
    const person = await join(accounts, { teamName: 'Engines' });
    const codes = new Set<string>();
    const deletion = accounts.gateway.graphql(
      DELETE_ACCOUNT,
      { input: { currentPassword: person.password } },
      person.headers,
    );
    const ended = deletion.catch((error) => codes.add(error.response?.errors?.[0]?.extensions?.code));
    await repeatDuring(
      ended,
      () => logInAs(person).catch((error) => codes.add(error.response?.errors?.[0]?.extensions?.code)),
      20,
    );
    expect([...codes].filter((code) => !['invalid_credentials', 'unauthenticated'].includes(code))).toEqual(
      [],
    );
  }
});
