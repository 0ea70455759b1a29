import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type Accounts,
  CHANGE_PASSWORD,
  DELETE_ACCOUNT,
  DISABLE,
  ENABLE,
  FORGOT,
  join,
  type Member,
  RESET,
  startAccounts,
  VERIFY,
} from '../accounts/accounts.ts';
import { asOperator, END_SESSIONS, operate, UPDATE_USER } from '../operators/operator.ts';
import { bearer, isSignedIn, logIn } from '../support/gateway.ts';
import { create, type Exchanged, exchange, isGood, list } from './programs.ts';

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ LIMIT_MAIL_SPACING_SECONDS: '1' });
});
afterAll(() => accounts.close());

let ada: Member;
let token: string;
let program: Exchanged;
beforeEach(async () => {
  ada = await join(accounts);
  ({ token } = await create(accounts.gateway, ada));
  program = await exchange(accounts.gateway, token);
});

/** Whether the personal access token can be exchanged, and whether its earlier exchange still works. */
const isAlive = async (): Promise<boolean[]> => [
  await isGood(accounts.gateway, token),
  await isSignedIn(accounts.gateway, program),
];
const ALIVE = [true, true];
const DEAD = [false, false];

const NEW_PASSWORD = 'a new passphrase';

test.each(['LOCAL', 'OTHERS', 'GLOBAL'])('a logout with the scope %s leaves it', async (scope) => {
  const LOGOUT = 'mutation ($scope: LogoutScope!) { logout(input: { scope: $scope }) { sessionsEnded } }';
  await accounts.gateway.graphql(LOGOUT, { scope }, ada.headers);
  expect(await isAlive()).toEqual(ALIVE);
});

test('a change of the password leaves it', async () => {
  const input = { currentPassword: ada.password, newPassword: NEW_PASSWORD };
  await accounts.gateway.graphql(CHANGE_PASSWORD, { input }, ada.headers);
  expect(await isAlive()).toEqual(ALIVE);
});

test('a reset of the password by a mailed link ends it', async () => {
  await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
  const { token: mailed } = await accounts.mail(ada.email, 'reset-password');
  await accounts.gateway.graphql(RESET, { input: { token: mailed, newPassword: NEW_PASSWORD } });
  expect(await isAlive()).toEqual(DEAD);
  const again = await logIn(accounts.gateway, { email: ada.email, password: NEW_PASSWORD });
  expect(await list(accounts.gateway, again)).toEqual([]);
});

test('disabling the account ends it, and enabling does not bring it back', async () => {
  const input = { userId: ada.user.id };
  await accounts.gateway.graphql(DISABLE, { input }, asOperator(accounts.gateway));
  expect(await isAlive()).toEqual(DEAD);
  await accounts.gateway.graphql(ENABLE, { input }, asOperator(accounts.gateway));
  expect(await isAlive()).toEqual(DEAD);
});

test('the operator ends it with the sessions of the user', async () => {
  await operate(accounts.gateway, END_SESSIONS, { userId: ada.user.id });
  expect(await isAlive()).toEqual(DEAD);
});

test.each([{ password: NEW_PASSWORD }, { email: 'grace@example.com' }])(
  'the operator ends it by a change of the account: %j',
  async (change) => {
    await operate(accounts.gateway, UPDATE_USER, { userId: ada.user.id, ...change });
    expect(await isAlive()).toEqual(DEAD);
  },
);

test('deleting the account deletes it', async () => {
  await accounts.gateway.graphql(DELETE_ACCOUNT, { input: { currentPassword: ada.password } }, ada.headers);
  expect(await isAlive()).toEqual(DEAD);
});

test('verifying the address with the password proves it, so that it stays', async () => {
  const { token: mailed } = await accounts.mail(ada.email, 'verify-email');
  await accounts.gateway.graphql(VERIFY, { input: { token: mailed, password: ada.password } });
  expect(await isAlive()).toEqual(ALIVE);
});

test.each(['that created it', 'of another login'])(
  'verifying the address in the session %s, without the password, ends it: a stranger may have created it',
  async (which) => {
    const other = await logIn(accounts.gateway, ada);
    const headers = which === 'that created it' ? ada.headers : bearer(other.accessToken);
    const { token: mailed } = await accounts.mail(ada.email, 'verify-email');
    await accounts.gateway.graphql(VERIFY, { input: { token: mailed } }, headers);
    expect(await isAlive()).toEqual(DEAD);
  },
);

test('its creation mails a notice to a verified address, and to no other', async () => {
  await accounts.gateway.sql`update portcullis.users set email_verified_at = now() where id = ${ada.user.id}`;
  const made = await create(accounts.gateway, ada);
  const notice = await accounts.notice(ada.email, /^New personal access token/);
  expect(notice.text).not.toContain(made.token);
  expect(notice.text).not.toContain('http');
  expect(accounts.smtp.mails.filter(({ subject }) => subject.startsWith('New personal'))).toHaveLength(1);
});

test('the list of sessions leaves it out', async () => {
  const { sessions } = await accounts.gateway.graphql<{ sessions: { id: string; current: boolean }[] }>(
    '{ sessions { id current } }',
    {},
    ada.headers,
  );
  expect(sessions).toEqual([expect.objectContaining({ current: true })]);
});
