import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Accounts, codeOf, openPage, startAccounts } from '../accounts/accounts.ts';
import { logIn, newPerson, SIGNUP, startGateway, type TestGateway } from '../support/gateway.ts';
import { createUser, INVITE_USER, operate } from './operator.ts';

// The page behind the mail of an invitation, while sign-up is off.

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ SIGNUP: 'off', APP_URL: 'https://app.example.com/welcome' });
});
afterAll(() => accounts.close());

const open = (path: string, form?: Record<string, string>) => openPage(accounts.gateway, path, form);

/** The path of the page of a new invitation. */
async function invited(email: string): Promise<string> {
  await operate(accounts.gateway, INVITE_USER, { email });
  return new URL((await accounts.mail(email, 'invitation')).link).pathname;
}
const formOf = ({ name, password }: { name: string; password: string }) => ({
  ...{ name, new_password: password, repeat: password },
});

describe('the page of an invitation', () => {
  test('shows the address, and creates the account with a name and a password', async () => {
    const { gateway } = accounts;
    const person = newPerson({ name: 'Zoë' });
    const path = await invited(person.email);
    const page = await open(path);
    expect(page).toMatchObject({ status: 200, title: 'Create your account' });
    expect(page.html).toContain(person.email);
    await open(path); // a mail scanner
    const done = await open(path, formOf(person));
    expect(done).toMatchObject({ status: 200, title: 'Account created' });
    expect(done.html).toContain('https://app.example.com/welcome');
    const { user } = await logIn(gateway, person);
    expect(user).toMatchObject({ name: 'Zoë', emailVerified: true });
    expect(await open(path)).toMatchObject({ status: 410 });
    expect(await open(path, formOf(person))).toMatchObject({ status: 410 });
    expect(gateway.logged()).toContain('"route":"/mail/invitation/:token"');
    expect(gateway.logged()).not.toContain(path.split('/').at(-1));
  });

  test('says what is wrong, keeps the name and not the password, and leaves the token good', async () => {
    const person = newPerson({ name: 'Ada <b>' });
    const path = await invited(person.email);
    const wrong: [object, string][] = [
      [{ name: ' ' }, 'This name is missing'],
      [{ name: 'x'.repeat(256) }, 'This name is missing, too long'],
      [{ name: 'A\u0007' }, 'not valid'],
      [{ new_password: 'short', repeat: 'short' }, 'too short'],
      [{ new_password: 'x'.repeat(1025), repeat: 'x'.repeat(1025) }, 'This password is too long'],
      [{ repeat: 'battery staple' }, 'not the same'],
      [{ new_password: '', repeat: '' }, 'Enter a new password'],
    ];
    for (const [change, problem] of wrong) {
      const page = await open(path, { ...formOf(person), ...change });
      expect(page.status, problem).toBe(400);
      expect(page.html).toContain(problem);
      expect(page.html).not.toContain(person.password);
    }
    expect((await open(path, { ...formOf(person), repeat: 'x' })).html).toContain('value="Ada &lt;b&gt;"');
    expect(await open(path, formOf(person))).toMatchObject({ status: 200 });
  });

  test('says so if the address has got an account', async () => {
    const person = newPerson();
    const path = await invited(person.email);
    await createUser(accounts.gateway, { email: person.email });
    expect(await open(path, formOf(person))).toMatchObject({ status: 400, title: 'You have an account' });
  });

  test('is the page of a dead link for an invented token', async () => {
    for (const token of ['made-up', '%00', `pot_${'x'.repeat(43)}`])
      expect(await open(`/mail/invitation/${token}`)).toMatchObject({
        ...{ status: 410, title: 'This link is no longer valid' },
      });
  });

  test('is the only way in while sign-up is off: signup refuses the token', async () => {
    const person = newPerson();
    const invitationToken = (await invited(person.email)).split('/').at(-1);
    const input = { ...person, invitationToken };
    expect(await codeOf(accounts.gateway.failure(SIGNUP, { input }))).toBe('signup_disabled');
    expect(await accounts.gateway.graphql('{ authConfig { signup signupByInvitation } }')).toEqual({
      authConfig: { signup: false, signupByInvitation: false },
    });
  });
});

describe('with SIGNUP=on', () => {
  let open: TestGateway;
  beforeAll(async () => {
    open = await startGateway({ replicaOf: accounts.gateway, env: { SIGNUP: 'on' } });
  });
  afterAll(() => open.close());

  test('signup takes a token too, and needs none', async () => {
    const person = newPerson();
    const invitationToken = (await invited(person.email)).split('/').at(-1);
    const signup = (input: object) =>
      open.graphql<{ signup: { user: { emailVerified: boolean } } }>(SIGNUP, { input });
    const wrong = { ...person, invitationToken: 'made-up' };
    expect(await codeOf(open.failure(SIGNUP, { input: wrong }))).toBe('invalid_token invitationToken');
    expect((await signup({ ...person, invitationToken })).signup.user.emailVerified).toBe(true);
    expect((await signup(newPerson())).signup.user.emailVerified).toBe(false);
  });
});
