import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, isSignedIn, LOGIN, logIn, ME, newPerson } from '../support/gateway.ts';
import {
  allAtOnce,
  CHANGE_PASSWORD,
  codeOf,
  DISABLE,
  ENABLE,
  eventsOf,
  FORGOT,
  join,
  type Member,
  proveAddress,
  RESET,
  startAccounts,
  UPDATE_PROFILE,
  VERIFY,
} from './accounts.ts';

const accounts = forFile(() => startAccounts());

describe('changePassword', () => {
  const change = ({ headers, password }: Member, newPassword = 'a new passphrase') =>
    accounts.gateway.graphql(CHANGE_PASSWORD, { input: { currentPassword: password, newPassword } }, headers);
  const failing = ({ headers }: { headers?: Record<string, string> }, input: object) =>
    codeOf(accounts.gateway.failure(CHANGE_PASSWORD, { input }, headers));

  test('ends the other sessions and all mailed links, keeps the calling session, and mails a notice', async () => {
    const ada = await join(accounts);
    // The worker sends this mail only while the address is not proved.
    const { token } = await accounts.mail(ada.email, 'verify-email');
    await proveAddress(accounts.gateway, ada);
    const other = await logIn(accounts.gateway, ada);
    expect(await change(ada)).toEqual({ changePassword: { ok: true } });
    expect(await isSignedIn(accounts.gateway, ada)).toBe(true);
    expect(await isSignedIn(accounts.gateway, other)).toBe(false);
    expect(await codeOf(accounts.gateway.failure(VERIFY, { input: { token } }))).toBe('invalid_token token');
    await accounts.notice(ada.email, /password .* was changed/i);
    await logIn(accounts.gateway, { ...ada, password: 'a new passphrase' });
    expect(
      await codeOf(accounts.gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
    ).toBe('invalid_credentials');
    expect(await eventsOf(accounts.gateway, ada.user.id)).toContain('password_changed');
  });

  test('refuses a wrong or missing current password, a bad new password, and an anonymous caller', async () => {
    const ada = await join(accounts);
    const newPassword = 'a new passphrase';
    expect(await failing(ada, { currentPassword: 'wrong', newPassword })).toBe(
      'invalid_credentials currentPassword',
    );
    expect(await failing(ada, { currentPassword: '', newPassword })).toBe('required currentPassword');
    expect(await failing(ada, { currentPassword: ada.password, newPassword: '' })).toBe(
      'required newPassword',
    );
    expect(await failing(ada, { currentPassword: ada.password, newPassword: '1234567' })).toBe(
      'min_length newPassword',
    );
    expect(await failing({}, { currentPassword: ada.password, newPassword })).toBe('unauthenticated');
    expect(await isSignedIn(accounts.gateway, ada)).toBe(true);
  });

  test('after ten wrong current passwords a session is rate_limited, and other sessions are not', async () => {
    const ada = await join(accounts);
    const other = { headers: bearer((await logIn(accounts.gateway, ada)).accessToken) };
    const input = { currentPassword: 'guess', newPassword: 'a new passphrase' };
    for (let i = 0; i < 10; i++)
      expect(await failing(ada, input)).toBe('invalid_credentials currentPassword');
    for (let i = 0; i < 2; i++)
      expect(await failing(ada, { ...input, currentPassword: ada.password })).toBe('rate_limited');
    const events = await eventsOf(accounts.gateway, ada.user.id);
    expect(events.filter((event) => event.startsWith('account_locked'))).toEqual(['account_locked failure']);
    await logIn(accounts.gateway, ada);
    await change({ ...ada, ...other });
  });

  test('of six concurrent changes one succeeds, and the others answer invalid_credentials', async () => {
    const ada = await join(accounts);
    let n = 0;
    const outcomes = await allAtOnce(6, () => change(ada, `new password ${n++}`));
    expect(outcomes).toEqual(['done', ...Array(5).fill('invalid_credentials')]);
  });
});

describe('updateProfile', () => {
  test('changes the name, and refuses an empty, a long and an unprintable name', async () => {
    const ada = await join(accounts);
    const update = (name: string) =>
      accounts.gateway.graphql(UPDATE_PROFILE, { input: { name } }, ada.headers);
    expect(await update(' Grace ')).toEqual({ updateProfile: { id: ada.user.id, name: 'Grace' } });
    expect(await accounts.gateway.graphql(ME, {}, ada.headers)).toMatchObject({ me: { name: 'Grace' } });
    const failing = (name: string, headers?: Record<string, string>) =>
      codeOf(accounts.gateway.failure(UPDATE_PROFILE, { input: { name } }, headers));
    expect(await failing(' ', ada.headers)).toBe('required name');
    expect(await failing('x'.repeat(256), ada.headers)).toBe('max_length name');
    expect(await failing('a\u0007', ada.headers)).toBe('invalid name');
    expect(await failing('Eve')).toBe('unauthenticated');
    expect(await eventsOf(accounts.gateway, ada.user.id)).toEqual(['signup', 'profile_updated']);
  });
});

test('updateProfile with the current name records no event', async () => {
  const ada = await join(accounts, { name: 'Ada' });
  const input = { name: ' Ada ' };
  expect(await accounts.gateway.graphql(UPDATE_PROFILE, { input }, ada.headers)).toEqual({
    updateProfile: { id: ada.user.id, name: 'Ada' },
  });
  expect(await eventsOf(accounts.gateway, ada.user.id)).toEqual(['signup']);
});

describe('disableAccount', () => {
  const asRole = (role: string) => ({
    'x-hasura-gateway-secret': accounts.gateway.secret,
    'x-hasura-role': role,
  });
  const operate = (document: string, userId: string, headers = asRole('admin')) =>
    accounts.gateway.graphql<Record<string, { userId: string; disabledAt: string | null }>>(
      document,
      { input: { userId } },
      headers,
    );

  test('ends sessions and mailed links at once, and login answers account_disabled until enableAccount', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    await gateway.graphql(FORGOT, { input: { email: ada.email } });
    const { token } = await accounts.mail(ada.email, 'reset-password');
    const { disableAccount } = await operate(DISABLE, ada.user.id);
    expect(disableAccount).toEqual({ userId: ada.user.id, disabledAt: expect.any(String) });
    expect(await operate(DISABLE, ada.user.id)).toEqual({ disableAccount });
    expect(await isSignedIn(accounts.gateway, ada)).toBe(false);
    const login = { input: { email: ada.email, password: ada.password } };
    expect(await codeOf(gateway.failure(LOGIN, login))).toBe('account_disabled');
    expect(await operate(ENABLE, ada.user.id)).toEqual({
      enableAccount: { userId: ada.user.id, disabledAt: null },
    });
    expect(await isSignedIn(accounts.gateway, ada)).toBe(false);
    const input = { token, newPassword: 'a new passphrase' };
    expect(await codeOf(gateway.failure(RESET, { input }))).toBe('invalid_token token');
    await logIn(gateway, ada);
    expect(await eventsOf(gateway, ada.user.id)).toEqual([
      ...[
        'signup',
        'password_reset_requested',
        'account_disabled',
        'login failure',
        'account_enabled',
        'login',
      ],
    ]);
  });

  test('deletes the invites that the disabled user made, and no others', async () => {
    const { gateway } = accounts;
    const [ada, grace] = [await join(accounts, { teamName: 'Engines' }), await join(accounts)];
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role)
      select team_id, ${grace.user.id}, 'OWNER' from portcullis.memberships where user_id = ${ada.user.id}`;
    await gateway.sql`
      insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      select gen_random_uuid(), m.team_id, m.user_id || '@example.com', 'MEMBER', m.user_id, now() + interval '1 day'
      from portcullis.memberships m where m.user_id in (${ada.user.id}, ${grace.user.id})`;
    await operate(DISABLE, ada.user.id);
    const left = await gateway.sql`
      select inviter_id as "by" from portcullis.invites where inviter_id in (${ada.user.id}, ${grace.user.id})`;
    expect(left).toEqual([{ by: grace.user.id }]);
  });

  test('answers permission_denied to every caller except Hasura’s role admin', async () => {
    const ada = await join(accounts);
    const failing = (headers: Record<string, string>, userId = ada.user.id, document = DISABLE) =>
      codeOf(accounts.gateway.failure(document, { input: { userId } }, headers));
    expect(await failing(ada.headers)).toBe('permission_denied');
    expect(await failing({ 'x-hasura-role': 'admin' })).toBe('permission_denied');
    expect(await failing({ ...asRole('user'), 'x-hasura-user-id': ada.user.id })).toBe('permission_denied');
    expect(await failing({ ...ada.headers, 'x-hasura-role': 'admin' }, ada.user.id, ENABLE)).toBe(
      'permission_denied',
    );
    expect(await failing(asRole('admin'), 'rubbish')).toBe('invalid userId');
    expect(await failing(asRole('admin'), crypto.randomUUID())).toBe('not_found userId');
    expect(await isSignedIn(accounts.gateway, ada)).toBe(true);
  });
});

test('a password change leaves the sessions and events of other users unchanged', async () => {
  const [ada, grace] = [await join(accounts), await join(accounts, newPerson({ name: 'Grace' }))];
  const input = { currentPassword: ada.password, newPassword: 'a new passphrase' };
  await accounts.gateway.graphql(CHANGE_PASSWORD, { input }, ada.headers);
  expect(await isSignedIn(accounts.gateway, grace)).toBe(true);
  await logIn(accounts.gateway, grace);
  expect(await eventsOf(accounts.gateway, grace.user.id)).not.toContain('password_changed');
});
