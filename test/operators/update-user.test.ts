import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Accounts,
  codeOf,
  eventsOf,
  join,
  passSpacing,
  proveAddress,
  startAccounts,
} from '../accounts/accounts.ts';
import { isSignedIn, LOGIN, logIn, newPerson } from '../support/gateway.ts';
import { type AccountState, createUser, operate, refusedOperation, UPDATE_USER } from './operator.ts';

// updateUser, by the operator.

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ LIMIT_SIGNUP_PER_ADDRESS: '1000/60' });
});
afterAll(() => accounts.close());

const update = (input: object) => operate<AccountState>(accounts.gateway, UPDATE_USER, input);
const refused = (input: object) => codeOf(refusedOperation(accounts.gateway, UPDATE_USER, input));
const proofsOf = async (userId: string) => {
  const [row] = await accounts.gateway
    .sql`select p.proven_at is not null as password, p.suspended_at is not null as suspended
    from portcullis_private.passwords p where p.user_id = ${userId}`;
  return row;
};
const tokensOf = async (userId: string) =>
  (await accounts.gateway.sql`select from portcullis_private.one_time_tokens where user_id = ${userId}`)
    .length;

describe('updateUser', () => {
  test('changes the name, and records one event; the same name is not a change', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    expect(await update({ userId: ada.user.id, name: ' Countess ' })).toMatchObject({ name: 'Countess' });
    await update({ userId: ada.user.id, name: 'Countess' });
    await update({ userId: ada.user.id });
    expect(await eventsOf(gateway, ada.user.id)).toEqual(['signup', 'profile_updated']);
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });

  test('with a new address ends sessions, mailed tokens and proofs, and tells the former address', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    await accounts.mail(ada.email, 'verify-email');
    await proveAddress(gateway, ada);
    const { email } = newPerson();
    const userId = ada.user.id;
    expect(await update({ userId, email })).toMatchObject({ email, emailVerifiedAt: null });
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expect(await tokensOf(userId)).toBe(0);
    expect(await proofsOf(userId)).toEqual({ password: false, suspended: false });
    await accounts.notice(ada.email, /was changed/);
    expect((await logIn(gateway, { email, password: ada.password })).user.emailVerified).toBe(false);
    expect(
      await codeOf(gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
    ).toBe('invalid_credentials');
    expect(await eventsOf(gateway, userId)).toContain('email_changed');
  });

  test('with a new address and emailVerified marks it as verified', async () => {
    const { userId } = await createUser(accounts.gateway, { email: newPerson().email });
    const { email } = newPerson();
    const updated = await update({ userId, email, emailVerified: true });
    expect(updated).toMatchObject({ email, emailVerifiedAt: expect.any(String) });
    const teams = await accounts.gateway
      .sql`select from portcullis.memberships where user_id = ${userId} and role = 'OWNER'`;
    expect(teams).toHaveLength(1);
  });

  test('marks an address as verified and as not verified, and proves nothing by it', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    const userId = ada.user.id;
    const verified = await update({ userId, emailVerified: true });
    expect(verified.emailVerifiedAt).not.toBeNull();
    expect(await update({ userId, emailVerified: true })).toEqual(verified);
    expect(await proofsOf(userId)).toEqual({ password: false, suspended: false });
    expect(await update({ userId, emailVerified: false })).toMatchObject({ emailVerifiedAt: null });
    expect(await eventsOf(gateway, userId)).toEqual([
      'signup',
      'email_verified',
      'team_created',
      'email_unverified',
    ]);
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });

  test('with a new password ends sessions and mailed tokens; it is proven if the address is verified', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts);
    await accounts.mail(ada.email, 'verify-email');
    const userId = ada.user.id;
    const password = 'battery staple';
    await update({ userId, password });
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expect(await tokensOf(userId)).toBe(0);
    expect(await proofsOf(userId)).toEqual({ password: false, suspended: false });
    await update({ userId, password: `${password} again`, emailVerified: true });
    expect(await proofsOf(userId)).toEqual({ password: true, suspended: false });
    await logIn(gateway, { email: ada.email, password: `${password} again` });
    await passSpacing(gateway);
    await accounts.notice(ada.email, /password .* was changed/);
  });

  test('refuses a taken address and bad input, and changes nothing', async () => {
    const [ada, bob] = [await join(accounts), await join(accounts)];
    const userId = ada.user.id;
    expect(await refused({ userId, name: 'New', email: bob.email })).toBe('already_registered email');
    expect(await refused({ userId: 'x' })).toBe('invalid userId');
    expect(await refused({ userId: '018f0000-0000-7000-8000-00000000dead', name: 'X' })).toBe(
      'not_found userId',
    );
    expect(await refused({ userId, name: '' })).toBe('required name');
    expect(await refused({ userId, email: '@' })).toBe('invalid email');
    expect(await refused({ userId, password: 'short' })).toBe('min_length password');
    expect(await refused({ userId, password: '' })).toBe('required password');
    expect(await update({ userId })).toMatchObject({ email: ada.email, name: ada.name });
  });
});
