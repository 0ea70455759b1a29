import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Accounts,
  codeOf,
  eventsOf,
  join,
  passSpacing,
  RESET,
  startAccounts,
} from '../accounts/accounts.ts';
import { isSignedIn, LOGIN, logIn } from '../support/gateway.ts';
import { createUser, DELETE_USER, END_SESSIONS, operate, refusedOperation, SEND_RESET } from './operator.ts';

// What the operator does to one account: deleteUser, endUserSessions, sendPasswordReset.

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ LIMIT_SIGNUP_PER_ADDRESS: '1000/60' });
});
afterAll(() => accounts.close());

const UNKNOWN = '018f0000-0000-7000-8000-00000000dead';
const refused = (document: string, userId: string) =>
  codeOf(refusedOperation(accounts.gateway, document, { userId }));
const addMember = (teamId: string, userId: string, role: string) =>
  accounts.gateway
    .sql`insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${userId}, ${role})`;
const teamOf = async (userId: string) => {
  const [row] = await accounts.gateway
    .sql`select team_id from portcullis.memberships where user_id = ${userId}`;
  return row?.team_id as string;
};

test.each([
  ['deleteUser', DELETE_USER],
  ['endUserSessions', END_SESSIONS],
  ['sendPasswordReset', SEND_RESET],
])('%s answers invalid and not_found by the attribute userId', async (_name, document) => {
  expect(await refused(document, 'x')).toBe('invalid userId');
  expect(await refused(document, UNKNOWN)).toBe('not_found userId');
});

describe('deleteUser', () => {
  test('deletes the account, its sessions and the teams in which it is alone', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts, { teamName: 'Alone' });
    const teamId = await teamOf(ada.user.id);
    expect(await operate(gateway, DELETE_USER, { userId: ada.user.id.toUpperCase() })).toEqual({
      userId: ada.user.id,
    });
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expect(await gateway.sql`select from portcullis.teams where id = ${teamId}`).toHaveLength(0);
    expect(await eventsOf(gateway, ada.user.id)).toContain('account_deleted');
    const [event] = await gateway.sql`select details from portcullis.security_events
      where user_id = ${ada.user.id} and action = 'account_deleted'`;
    expect(event?.details).toEqual({ by: 'operator', teams: 1 });
    expect(await refused(DELETE_USER, ada.user.id)).toBe('not_found userId');
  });

  test('answers sole_owner while a team with other members would lose its only owner', async () => {
    const { gateway } = accounts;
    const [ada, bob] = [await join(accounts, { teamName: 'Shared' }), await join(accounts)];
    const teamId = await teamOf(ada.user.id);
    await addMember(teamId, bob.user.id, 'MEMBER');
    expect(await refused(DELETE_USER, ada.user.id)).toBe('sole_owner teamId');
    expect(await isSignedIn(gateway, ada)).toBe(true);
    await gateway.sql`update portcullis.memberships set role = 'OWNER' where user_id = ${bob.user.id}`;
    await operate(gateway, DELETE_USER, { userId: ada.user.id });
    expect(await gateway.sql`select from portcullis.teams where id = ${teamId}`).toHaveLength(1);
  });
});

describe('endUserSessions', () => {
  test('ends all sessions at once, tells how many, and may be repeated', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    const other = await logIn(gateway, ada);
    const userId = ada.user.id;
    expect(await operate(gateway, END_SESSIONS, { userId })).toEqual({ userId, sessionsEnded: 2 });
    expect([await isSignedIn(gateway, ada), await isSignedIn(gateway, other)]).toEqual([false, false]);
    expect(await operate(gateway, END_SESSIONS, { userId })).toEqual({ userId, sessionsEnded: 0 });
    expect(await eventsOf(gateway, userId)).toEqual(['signup', 'login', 'logout']);
    await logIn(gateway, ada);
  });

  test('leaves no session of a login that runs at the same time before it', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    const logins = Promise.allSettled(Array.from({ length: 6 }, () => logIn(gateway, ada)));
    await operate(gateway, END_SESSIONS, { userId: ada.user.id });
    await logins;
    await operate(gateway, END_SESSIONS, { userId: ada.user.id });
    const live =
      await gateway.sql`select from portcullis.sessions where user_id = ${ada.user.id} and revoked_at is null`;
    expect(live).toHaveLength(0);
  });
});

describe('sendPasswordReset', () => {
  test('mails a link that sets a new password; the old one works until then', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    expect(await operate(gateway, SEND_RESET, { userId: ada.user.id })).toEqual({ ok: true });
    const { link } = await accounts.mail(ada.email, 'reset-password');
    await logIn(gateway, ada);
    await gateway.graphql(RESET, { input: { token: link.split('/').at(-1), newPassword: 'battery staple' } });
    await logIn(gateway, { email: ada.email, password: 'battery staple' });
    expect(
      await codeOf(gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
    ).toBe('invalid_credentials');
    expect(await eventsOf(gateway, ada.user.id)).toContain('password_reset_requested');
  });

  test('answers rate_limited for a second mail within a minute, and works for an account without a password', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    await gateway.sql`delete from portcullis_private.passwords where user_id = ${ada.user.id}`;
    await operate(gateway, SEND_RESET, { userId: ada.user.id });
    expect(await refused(SEND_RESET, ada.user.id)).toBe('rate_limited');
    await passSpacing(gateway);
    await operate(gateway, SEND_RESET, { userId: ada.user.id });
    await accounts.mail(ada.email, 'reset-password', 2);
  });

  test('answers account_disabled for a disabled account, and invalid for one without an address', async () => {
    const { gateway } = accounts;
    const { userId } = await createUser(gateway, { email: 'nobody-home@example.com' });
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${userId}`;
    expect(await refused(SEND_RESET, userId)).toBe('account_disabled userId');
    await gateway.sql`update portcullis.users set disabled_at = null, email = null where id = ${userId}`;
    expect(await refused(SEND_RESET, userId)).toBe('invalid userId');
  });
});
