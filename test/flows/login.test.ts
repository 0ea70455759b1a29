import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bearer,
  LOGIN,
  logIn,
  ME,
  newPerson,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const refused = (input: object, headers?: Record<string, string>) =>
  gateway.failure(LOGIN, { input }, headers);
const invalidCredentials = [
  {
    message: 'Invalid email or password.',
    extensions: { code: 'invalid_credentials', attribute: null },
    path: ['login'],
  },
];

describe('login', () => {
  test('opens a new session each time, with an access token of the user', async () => {
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    const first = await logIn(gateway, person);
    const second = await logIn(gateway, { ...person, email: ` ${person.email.toUpperCase()} ` });
    expect(first.user).toEqual(user);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    const sessions = await gateway.sql`select id from portcullis.sessions where user_id = ${user.id}`;
    expect(sessions).toHaveLength(3);
    expect(await gateway.graphql(ME, {}, bearer(second.accessToken))).toMatchObject({ me: { id: user.id } });
  });

  test('ignores a broken access token in the request', async () => {
    const person = newPerson();
    await signUp(gateway, person);
    const { login } = await gateway.graphql<{ login: object }>(
      LOGIN,
      { input: { email: person.email, password: person.password } },
      bearer('broken'),
    );
    expect(login).toBeTruthy();
  });

  test('answers invalid_credentials to an unknown address and a wrong password, after the same work', async () => {
    const person = newPerson();
    await signUp(gateway, person);
    const hashesFor = async (input: object) => {
      const before = gateway.deps.hashGate.finished;
      expect(await refused(input)).toEqual(invalidCredentials);
      return gateway.deps.hashGate.finished - before;
    };
    const work = [
      await hashesFor({ email: person.email, password: 'wrong password' }),
      await hashesFor({ email: newPerson().email, password: 'wrong password' }),
      await hashesFor({ email: 'not an address', password: 'wrong password' }),
      await hashesFor({ email: 'nul\u0000@example.com', password: 'wrong password' }),
      await hashesFor({ email: person.email, password: 'x'.repeat(100_000) }),
    ];
    expect(work).toEqual([1, 1, 1, 1, 1]);
  });

  test('answers invalid_credentials for an account without a password, after the same work', async () => {
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    await gateway.sql`delete from portcullis_private.passwords where user_id = ${user.id}`;
    const before = gateway.deps.hashGate.finished;
    expect(await refused({ email: person.email, password: person.password })).toEqual(invalidCredentials);
    expect(gateway.deps.hashGate.finished - before).toBe(1);
  });

  test('answers account_disabled only to the correct password', async () => {
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${user.id}`;
    expect(await refused({ email: person.email, password: 'wrong password' })).toEqual(invalidCredentials);
    expect(await refused({ email: person.email, password: person.password })).toMatchObject([
      { extensions: { code: 'account_disabled' } },
    ]);
  });

  test('accepts a password in any Unicode form, and does not trim it', async () => {
    const person = newPerson({ password: ' pässwörd ' });
    await signUp(gateway, person);
    await logIn(gateway, { ...person, password: person.password.normalize('NFD') });
    expect(await refused({ email: person.email, password: person.password.trim() })).toEqual(
      invalidCredentials,
    );
  });

  test('replaces a password hash that has other parameters', async () => {
    const { hash } = await import('argon2');
    const person = newPerson();
    const { user } = await signUp(gateway, person);
    const weak = await hash(person.password, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
    await gateway.sql`update portcullis_private.passwords set hash = ${weak} where user_id = ${user.id}`;
    await logIn(gateway, person);
    const [row] = await gateway.sql`select hash from portcullis_private.passwords where user_id = ${user.id}`;
    expect(row?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await logIn(gateway, person);
  });

  test('answers required, with the attribute’s name, to an empty, null or absent attribute', async () => {
    const required = (attribute: string) =>
      expect.arrayContaining([expect.objectContaining({ extensions: { code: 'required', attribute } })]);
    expect(await refused({ email: ' ', password: 'x' })).toEqual(required('email'));
    expect(await refused({ email: 'a@example.com', password: '' })).toEqual(required('password'));
    expect(await refused({ email: 'a@example.com', password: null })).toEqual(required('password'));
    expect(await refused({ email: 'a@example.com' })).toEqual(required('password'));
    expect(await gateway.failure(LOGIN, {})).toEqual(required('input'));
    expect(await refused({ email: 'a@example.com', password: 5 })).toEqual([
      {
        message: 'This attribute has the wrong type.',
        extensions: { code: 'invalid_input', attribute: 'password' },
      },
    ]);
    expect(await refused({ email: 'a@example.com', password: 'x', otp: '1' })).toEqual([
      { message: 'This attribute is not known.', extensions: { code: 'invalid_input', attribute: 'otp' } },
    ]);
  });

  test('never repeats a password in an error or the log', async () => {
    const password = 'hunter2-do-not-repeat';
    const answers = [
      await refused({ email: 5, password }),
      await refused({ email: { password }, password: [password] }),
      await gateway.failure(`mutation { login(input: { email: 5, password: "${password}" }) { expiresAt } }`),
      await gateway.failure(
        `mutation { login(input: { email: "a", password: "${password}" ) { expiresAt } }`,
      ),
      await gateway.failure(`mutation { login(input: "${password}") { expiresAt } }`),
      await gateway.failure(`mutation { login(input: { email: "a", password: "x" }) "${password}" }`),
      await gateway.failure('query ($n: Int!) { authConfig { signup @include(if: $n) } }', { n: password }),
      (await gateway.post('/graphql', `{"query": "${password}`)).body,
      (await gateway.post('/api/v1/login', `{"password": "${password}`)).body,
      (await gateway.post('/api/v1/login', { email: 5, password })).body,
    ];
    expect(JSON.stringify(answers)).not.toContain('hunter2');
    expect(gateway.logged()).not.toContain('hunter2');
  });
});
