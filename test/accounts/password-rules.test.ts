import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CREATE_USER, INVITE_USER, operate, refusedOperation, UPDATE_USER } from '../operators/operator.ts';
import { newPerson, SIGNUP } from '../support/gateway.ts';
import {
  type Accounts,
  CHANGE_PASSWORD,
  codeOf,
  FORGOT,
  join,
  openPage,
  RESET,
  startAccounts,
} from './accounts.ts';
import { type LeakService, startLeakService } from './leak-service.ts';

// What new passwords must hold, and leaked ones: at every way to a new password.

const GOOD = 'correct horse 1';
const LEAKED = 'password1 leaked';
const UNKNOWN_TO_LEAKS = 'padding';

let leaks: LeakService;
let accounts: Accounts;
let open: Accounts;
beforeAll(async () => {
  leaks = await startLeakService([LEAKED, 'ﬁne password 1'.normalize('NFKC')]);
  const env = {
    PASSWORD_REQUIRED_CHARACTERS: 'abcdefghijklmnopqrstuvwxyz:0123456789',
    PWNED_PASSWORDS_URL: leaks.url,
    ALLOW_PRIVATE_ADDRESSES: 'loopback',
  };
  accounts = await startAccounts({ ...env, PWNED_PASSWORDS: 'closed' });
  open = await startAccounts({ ...env, PWNED_PASSWORDS: 'open' });
});
afterAll(() => Promise.all([accounts.close(), open.close(), leaks.close()]));
afterEach(() => {
  leaks.answer = null;
});

type Way = (password: string) => Promise<string>;

/** Every way to a new password in GraphQL. Each answers with the error's code and attribute. */
async function waysInGraphql(): Promise<Record<string, Way>> {
  const { gateway } = accounts;
  const ada = await join(accounts, { password: GOOD });
  await gateway.graphql(FORGOT, { input: { email: ada.email } });
  const { token } = await accounts.mail(ada.email, 'reset-password');
  const { user, headers } = ada;
  return {
    signup: (password) => codeOf(gateway.failure(SIGNUP, { input: newPerson({ password }) })),
    changePassword: (newPassword) =>
      codeOf(gateway.failure(CHANGE_PASSWORD, { input: { currentPassword: GOOD, newPassword } }, headers)),
    resetPassword: (newPassword) => codeOf(gateway.failure(RESET, { input: { token, newPassword } })),
    createUser: (password) =>
      codeOf(refusedOperation(gateway, CREATE_USER, { email: newPerson().email, password })),
    updateUser: (password) => codeOf(refusedOperation(gateway, UPDATE_USER, { userId: user.id, password })),
  };
}

test.each([
  ['too short', 'abc1', 'min_length'],
  ['without a digit', 'correct horse', 'missing_characters'],
  ['without a letter', '1234567890', 'missing_characters'],
  ['known from leaks', LEAKED, 'leaked_password'],
])('a password that is %s is refused at every field of GraphQL', async (_what, password, code) => {
  for (const [name, way] of Object.entries(await waysInGraphql()))
    expect(await way(password), name).toMatch(new RegExp(`^${code} (?:password|newPassword)$`));
});

test('the message of a weak password names all rules that it breaks', async () => {
  const errors = await accounts.gateway.failure(SIGNUP, { input: newPerson({ password: 'short' }) });
  expect(errors).toMatchObject([
    {
      message:
        'Password must be at least 8 characters long. Password must contain at least one character of each: abcdefghijklmnopqrstuvwxyz, 0123456789.',
    },
  ]);
});

test('clients read the groups of characters in authConfig', async () => {
  expect(await accounts.gateway.graphql('{ authConfig { passwordRequiredCharacters } }')).toEqual({
    authConfig: { passwordRequiredCharacters: ['abcdefghijklmnopqrstuvwxyz', '0123456789'] },
  });
});

test('a leaked password is refused at the endpoints of the portal and of teams', async () => {
  const { name, email, teamName } = newPerson();
  const person = { name, email, password: LEAKED };
  const portal = await accounts.gateway.post('/api/v1/signup', { ...person, team_name: teamName });
  expect(portal).toMatchObject({ status: 400, body: { code: 'leaked_password', attribute: 'password' } });
  const teams = await accounts.gateway.post('/api/register', person);
  expect(teams.status).toBe(400);
  expect(JSON.stringify(teams.body)).toContain('leaked_password');
});

describe('the pages behind mailed links', () => {
  const REFUSED: [string, string][] = [
    [
      'onlyletters',
      'This password needs at least one character of each: abcdefghijklmnopqrstuvwxyz   0123456789.',
    ],
    [LEAKED, 'This password is known from data leaks. Choose another one.'],
  ];

  test('of a reset say what a password needs, refuse a leaked one, and the link still works', async () => {
    const ada = await join(accounts, { password: GOOD });
    await accounts.gateway.graphql(FORGOT, { input: { email: ada.email } });
    const { pathname } = new URL((await accounts.mail(ada.email, 'reset-password')).link);
    expect((await openPage(accounts.gateway, pathname)).html).toContain(
      'At least 8 characters. At least one character of each: abcdefghijklmnopqrstuvwxyz   0123456789.',
    );
    for (const [password, problem] of REFUSED) {
      const form = { new_password: password, repeat: password };
      const page = await openPage(accounts.gateway, pathname, form);
      expect([page.status, page.html]).toEqual([400, expect.stringContaining(problem)]);
    }
    const form = { new_password: `${GOOD}2`, repeat: `${GOOD}2` };
    expect((await openPage(accounts.gateway, pathname, form)).status).toBe(200);
  });

  test('of an invitation refuse them too', async () => {
    const { email } = newPerson();
    await operate(accounts.gateway, INVITE_USER, { email });
    const { pathname } = new URL((await accounts.mail(email, 'invitation')).link);
    for (const [password, problem] of REFUSED) {
      const form = { name: 'Ada', new_password: password, repeat: password };
      const page = await openPage(accounts.gateway, pathname, form);
      expect([page.status, page.html]).toEqual([400, expect.stringContaining(problem)]);
    }
  });
});

/** Signs up with a password. Returns `done` or the error's code. */
const signUpWith = (at: Accounts, password: string): Promise<string> =>
  at.gateway.graphql(SIGNUP, { input: newPerson({ password }) }).then(
    () => 'done',
    (error) => error.response.errors[0].extensions.code,
  );

describe('the service of leaked passwords', () => {
  test('learns five digits of the SHA-1 hash, and pads its answer', async () => {
    leaks.asked.length = 0;
    const password = `never leaked ${Math.random()}`;
    expect(await signUpWith(accounts, password)).toBe('done');
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase();
    expect(leaks.asked).toEqual([`/base/range/${hash.slice(0, 5)} true`]);
  });

  test('finds a password in every spelling that signs in', async () => {
    expect(await signUpWith(accounts, 'ﬁne password 1')).toBe('leaked_password');
    expect(await signUpWith(accounts, 'fine password 1')).toBe('leaked_password');
  });

  test('does not mean its padding', async () => {
    leaks.answer = (response) => {
      const hash = createHash('sha1').update(`${UNKNOWN_TO_LEAKS} 1`).digest('hex').toUpperCase();
      response.end(`${hash.slice(5)}:0\r\n`);
    };
    expect(await signUpWith(accounts, `${UNKNOWN_TO_LEAKS} 1`)).toBe('done');
  });

  test('is asked once for equal passwords, and a failure is not kept', async () => {
    leaks.asked.length = 0;
    leaks.answer = (response) => response.writeHead(503).end();
    expect(await signUpWith(accounts, 'asked again 1')).toBe('unavailable');
    leaks.answer = null;
    const all = await Promise.all(Array.from({ length: 5 }, () => signUpWith(accounts, 'asked again 1')));
    expect(all).toEqual(Array(5).fill('done'));
    expect(leaks.asked).toHaveLength(2);
  });

  test('is asked neither for a weak password nor without a live token', async () => {
    leaks.asked.length = 0;
    expect(await signUpWith(accounts, 'weak')).toBe('min_length');
    const input = { token: 'pot_invented', newPassword: `unasked ${Math.random()}` };
    expect(await codeOf(accounts.gateway.failure(RESET, { input }))).toBe('invalid_token token');
    expect(leaks.asked).toEqual([]);
  });

  const FAULTS: [string, NonNullable<LeakService['answer']>][] = [
    ['fails', (response) => response.writeHead(500).end()],
    ['answers something else', (response) => response.end('<html>')],
    ['redirects', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['closes the connection', (response) => response.destroy()],
    ['answers without an end', (response) => response.write('0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n')],
  ];
  test.each(FAULTS)(
    'that %s refuses a password if it is closed, and accepts it if it is open',
    async (_what, answer) => {
      leaks.answer = answer;
      const password = `not asked before 1 ${Math.random()}`;
      expect(await signUpWith(accounts, password)).toBe('unavailable');
      expect(await signUpWith(open, password)).toBe('done');
      for (const { gateway } of [accounts, open])
        expect(gateway.logged()).toContain('A password could not be looked up in data leaks.');
      expect(open.gateway.logged()).not.toContain('not asked before');
    },
  );

  test('refuses a leaked password while it is open', async () => {
    expect(await signUpWith(open, LEAKED)).toBe('leaked_password');
  });

  test('does not stand in the way of old passwords: a login asks nothing', async () => {
    const ada = await join(accounts, { password: GOOD });
    leaks.asked.length = 0;
    const login = await accounts.gateway.post('/api/login', { email: ada.email, password: ada.password });
    expect([login.status, leaks.asked]).toEqual([200, []]);
  });
});
