import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, ME, newPerson, SIGNUP, signUp, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } });
});
afterAll(() => gateway.close());

const refused = (input: object) => gateway.failure(SIGNUP, { input });
const error = (code: string, attribute: string | null, message: string) => [
  { message, extensions: { code, attribute }, path: ['signup'] },
];

describe('signup', () => {
  test('creates the account, its team and a session', async () => {
    const person = newPerson({ email: '  Ada.Lovelace@Example.COM ', teamName: ' Engines ' });
    const signedIn = await signUp(gateway, person);
    expect(signedIn.user).toMatchObject({
      email: 'ada.lovelace@example.com',
      name: 'Ada',
      emailVerified: false,
    });
    expect(signedIn.refreshToken).toMatch(/^prt_[\w-]{87}$/);
    const { me } = await gateway.graphql(ME, {}, bearer(signedIn.accessToken));
    expect(me).toMatchObject({
      id: signedIn.user.id,
      memberships: [{ role: 'OWNER', team: { name: 'Engines' } }],
    });
  });

  test('creates neither team nor team token if no team is named', async () => {
    const { teamName: _, ...person } = newPerson();
    const signedIn = await signUp(gateway, person);
    expect(signedIn.teamToken).toBeNull();
    const { me } = await gateway.graphql(ME, {}, bearer(signedIn.accessToken));
    expect(me).toMatchObject({ memberships: [] });
  });

  test('answers required with the first missing attribute, in the order of the contract', async () => {
    const empty = { email: '', password: '', name: '', teamName: '' };
    for (const attribute of ['email', 'password', 'name', 'teamName']) {
      expect(await refused(empty)).toEqual(error('required', attribute, 'This attribute is required.'));
      Object.assign(empty, { [attribute]: 'x' });
    }
  });

  test('checks the password first, then the address, then whether the address is registered', async () => {
    const { email } = newPerson();
    await signUp(gateway, newPerson({ email }));
    const input = { email: 'not an address', password: '1234567', name: 'Ada', teamName: 'Engines' };
    expect(await refused(input)).toEqual(
      error('min_length', 'password', 'Password must be at least 8 characters long.'),
    );
    expect(await refused({ ...input, password: '12345678' })).toEqual(
      error('invalid', 'email', 'This attribute is invalid.'),
    );
    expect(await refused({ ...input, password: '12345678', email })).toEqual(
      error('already_registered', 'email', 'This email address is already registered.'),
    );
  });

  test('counts a password’s characters, not its bytes or code units', async () => {
    expect(await refused(newPerson({ password: '🔑🔑🔑🔑🔑🔑🔑' }))).toMatchObject([
      { extensions: { code: 'min_length' } },
    ]);
    await signUp(gateway, newPerson({ password: '🔑🔑🔑🔑🔑🔑🔑🔑' }));
  });

  test('answers max_length to a password beyond 1024 bytes', async () => {
    await signUp(gateway, newPerson({ password: 'x'.repeat(1024) }));
    expect(await refused(newPerson({ password: 'x'.repeat(1025) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'password' } },
    ]);
    // NFKC turns this one character into eighteen.
    expect(await refused(newPerson({ password: '\u{FDFA}'.repeat(100) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'password' } },
    ]);
  });

  test.each([
    ['a comma', 'a@example.com,b@example.com'],
    ['no domain', 'a@'],
    ['no dot in the domain', 'a@example'],
    ['a control character', 'a\u0000b@example.com'],
    ['a line break', 'a@example.com\nbcc:b@example.com'],
    ['a double dot', 'a..b@example.com'],
    ['a label that ends in a hyphen', 'a@example-.com'],
    ['more than 254 characters', `${'a'.repeat(60)}@${'b.'.repeat(100)}example.com`],
    ['a local part beyond 64 characters', `${'a'.repeat(65)}@example.com`],
    ['500,000 characters', 'a'.repeat(500_000)],
  ])('answers invalid email to an address with %s', async (_what, email) => {
    expect(await refused(newPerson({ email }))).toEqual(
      error('invalid', 'email', 'This attribute is invalid.'),
    );
  });

  test('answers invalid to a name with a control character, and max_length beyond 255 characters', async () => {
    expect(await refused(newPerson({ name: 'A\u0000da' }))).toEqual(
      error('invalid', 'name', 'This attribute is invalid.'),
    );
    expect(await refused(newPerson({ teamName: 'x'.repeat(256) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'teamName' } },
    ]);
    await signUp(gateway, newPerson({ name: '🔑'.repeat(255) }));
  });

  test('stores nothing if the address is registered already', async () => {
    const { email } = await signUp(gateway).then(({ user }) => user);
    const count = () => gateway.sql`
      select (select count(*) from portcullis.users) users, (select count(*) from portcullis.teams) teams,
        (select count(*) from portcullis.sessions) sessions, (select count(*) from portcullis_private.refresh_tokens) tokens`;
    const before = await count();
    await refused(newPerson({ email }));
    expect(await count()).toEqual(before);
  });

  test('in eight concurrent calls creates one account, and seven answer already_registered', async () => {
    const person = newPerson();
    const attempts = await Promise.all(
      Array.from({ length: 8 }, () =>
        gateway.post('/graphql', { query: SIGNUP, variables: { input: person } }),
      ),
    );
    const codes = attempts.map(({ body }) => {
      const { errors } = body as { errors?: { extensions: { code: string } }[] };
      return errors?.[0]?.extensions.code ?? 'registered';
    });
    expect(codes.sort()).toEqual([...Array(7).fill('already_registered'), 'registered']);
    const [{ n }] = await gateway.sql<
      [{ n: number }]
    >`select count(*)::int as n from portcullis.users where email = ${person.email}`;
    expect(n).toBe(1);
  });

  test('answers signup_disabled if SIGNUP is off', async () => {
    const closed = await startGateway({ env: { SIGNUP: 'off' } });
    expect(await closed.failure(SIGNUP, { input: newPerson() })).toMatchObject([
      { extensions: { code: 'signup_disabled' } },
    ]);
    expect(await closed.graphql('{ authConfig { signup } }')).toEqual({ authConfig: { signup: false } });
    await closed.close();
  });
});
