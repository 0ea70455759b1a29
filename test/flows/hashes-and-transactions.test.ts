import { expect, test } from 'vitest';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  DELETE_ACCOUNT,
  FORGOT,
  join,
  openPage,
  RESET,
  startAccounts,
  VERIFY,
} from '../accounts/accounts.ts';
import { asOperator, CREATE_USER, INVITE_USER, operate, UPDATE_USER } from '../operators/operator.ts';
import { forFile } from '../support/for-file.ts';
import { LOGIN, newPerson, SIGNUP } from '../support/gateway.ts';

// A hash takes long and may wait. It must not hold a transaction, or a connection that others need.

const accounts = forFile(() =>
  startAccounts({ PASSWORD_HASH_CONCURRENCY: '1', DATABASE_POOL_SIZE: '3', RATE_LIMITS: 'off' }),
);

/** Every operation that hashes or compares a password. */
async function hashing(): Promise<Record<string, () => Promise<unknown>>> {
  const { gateway } = accounts;
  const people = await Promise.all(Array.from({ length: 7 }, () => join(accounts)));
  const [login, changer, mover, leaver, forgetful, verifier, changed] = people.map((person) => ({
    ...person,
    credentials: { email: person.email, password: person.password },
    currentPassword: person.password,
  })) as [Shown, Shown, Shown, Shown, Shown, Shown, Shown];
  const newPassword = 'battery staple';
  await gateway.graphql(FORGOT, { input: { email: forgetful.email } });
  const { token: reset } = await accounts.mail(forgetful.email, 'reset-password');
  const { token: verify } = await accounts.mail(verifier.email, 'verify-email');
  const invited = newPerson().email;
  await operate(gateway, INVITE_USER, { email: invited });
  const page = new URL((await accounts.mail(invited, 'invitation')).link).pathname;
  const form = { name: 'Ada', new_password: newPassword, repeat: newPassword };
  const run =
    (document: string, input: object, headers = {}) =>
    () =>
      gateway.graphql(document, { input }, headers);
  return {
    signup: run(SIGNUP, newPerson()),
    login: run(LOGIN, login.credentials),
    'login of an unknown address': () =>
      gateway.failure(LOGIN, { input: { email: newPerson().email, password: newPassword } }),
    'login at the portal': () => gateway.post('/api/v1/login', login.credentials),
    'login at teams': () => gateway.post('/api/login', login.credentials),
    changePassword: run(
      CHANGE_PASSWORD,
      { currentPassword: changer.currentPassword, newPassword },
      changer.headers,
    ),
    changeEmail: run(
      CHANGE_EMAIL,
      { currentPassword: mover.currentPassword, newEmail: newPerson().email },
      mover.headers,
    ),
    deleteAccount: run(DELETE_ACCOUNT, { currentPassword: leaver.currentPassword }, leaver.headers),
    resetPassword: run(RESET, { token: reset, newPassword }),
    verifyEmail: run(VERIFY, { token: verify, password: verifier.currentPassword }),
    createUser: run(CREATE_USER, { email: newPerson().email, password: newPassword }, asOperator(gateway)),
    updateUser: run(UPDATE_USER, { userId: changed.user.id, password: newPassword }, asOperator(gateway)),
    'the page of an invitation': () => openPage(gateway, page, form),
  };
}

type Shown = Awaited<ReturnType<typeof join>> & {
  credentials: { email: string; password: string };
  currentPassword: string;
};

/** The connections of the gateway that hold a transaction. */
const openTransactions = async (): Promise<string[]> => {
  const found = await accounts.gateway.sql`
    select query from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null and state <> 'active'`;
  return found.map(({ query }) => query);
};

/** Takes the one turn of the gate, as a long hash does. Returns what ends it. */
function takeTurn(): () => Promise<void> {
  let free = () => {};
  const turn = accounts.gateway.deps.hashGate.run(
    () =>
      new Promise<void>((resolve) => {
        free = resolve;
      }),
  );
  return () => {
    free();
    return turn;
  };
}

test('while hashes wait for their turn, no operation holds a transaction', async () => {
  const { hashGate } = accounts.gateway.deps;
  for (const [name, run] of Object.entries(await hashing())) {
    const before = hashGate.finished;
    const endTurn = takeTurn();
    const outcome = run();
    // The operation has come to its hash once the gate has two: the held one, and the one that waits.
    await expect.poll(() => hashGate.waiting, { message: name }).toBe(1);
    const held = await openTransactions();
    await endTurn();
    await outcome;
    expect(held, name).toEqual([]);
    expect(hashGate.finished - before, name).toBeGreaterThanOrEqual(2);
  }
});

test('while hashes fill the gate, requests that need none are answered', async () => {
  const { gateway } = accounts;
  const endTurn = takeTurn();
  const ada = newPerson();
  const logins = Array.from({ length: 20 }, () =>
    gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } }),
  );
  await expect.poll(() => gateway.deps.hashGate.waiting).toBe(20);
  expect(await gateway.graphql('{ authConfig { issuer } }')).toBeTruthy();
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  await endTurn();
  await Promise.all(logins);
});
