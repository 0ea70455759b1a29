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
  test('makes the account, its team and a session, and signs the person in', async () => {
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

  test('makes no team, and no team token, where no team is named', async () => {
    const { teamName: _, ...person } = newPerson();
    const signedIn = await signUp(gateway, person);
    expect(signedIn.teamToken).toBeNull();
    const { me } = await gateway.graphql(ME, {}, bearer(signedIn.accessToken));
    expect(me).toMatchObject({ memberships: [] });
  });

  test('names the first attribute that is missing, in the contract’s order', async () => {
    const empty = { email: '', password: '', name: '', teamName: '' };
    for (const attribute of ['email', 'password', 'name', 'teamName']) {
      expect(await refused(empty)).toEqual(error('required', attribute, 'This attribute is required.'));
      Object.assign(empty, { [attribute]: 'x' });
    }
  });

  test('judges the password before the address, and the address before the database', async () => {
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

  test('refuses passwords beyond 1024 bytes instead of hashing them', async () => {
    await signUp(gateway, newPerson({ password: 'x'.repeat(1024) }));
    expect(await refused(newPerson({ password: 'x'.repeat(1025) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'password' } },
    ]);
    // One character that NFKC turns into eighteen.
    expect(await refused(newPerson({ password: '\u{FDFA}'.repeat(100) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'password' } },
    ]);
  });

  test.each([
    ['two addresses', 'a@example.com,b@example.com'],
    ['no domain', 'a@'],
    ['no dot in the domain', 'a@example'],
    ['a control character', 'a\u0000b@example.com'],
    ['a line break', 'a@example.com\nbcc:b@example.com'],
    ['a double dot', 'a..b@example.com'],
    ['a label that ends in a hyphen', 'a@example-.com'],
    ['more than 254 characters', `${'a'.repeat(60)}@${'b.'.repeat(100)}example.com`],
    ['a local part beyond 64 characters', `${'a'.repeat(65)}@example.com`],
    ['a megabyte', 'a'.repeat(500_000)],
  ])('refuses %s as an address', async (_what, email) => {
    expect(await refused(newPerson({ email }))).toEqual(
      error('invalid', 'email', 'This attribute is invalid.'),
    );
  });

  test('refuses names with control characters or beyond 255 characters', async () => {
    expect(await refused(newPerson({ name: 'A\u0000da' }))).toEqual(
      error('invalid', 'name', 'This attribute is invalid.'),
    );
    expect(await refused(newPerson({ teamName: 'x'.repeat(256) }))).toMatchObject([
      { extensions: { code: 'max_length', attribute: 'teamName' } },
    ]);
    await signUp(gateway, newPerson({ name: '🔑'.repeat(255) }));
  });

  test('leaves nothing behind when it fails', async () => {
    const { email } = await signUp(gateway).then(({ user }) => user);
    const count = () => gateway.sql`
      select (select count(*) from portcullis.users) users, (select count(*) from portcullis.teams) teams,
        (select count(*) from portcullis.sessions) sessions, (select count(*) from portcullis_private.refresh_tokens) tokens`;
    const before = await count();
    await refused(newPerson({ email }));
    expect(await count()).toEqual(before);
  });

  test('eight at once with one address give one account and seven already_registered', async () => {
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

  test('refuses everybody where sign-up is switched off', async () => {
    const closed = await startGateway({ env: { SIGNUP: 'off' } });
    expect(await closed.failure(SIGNUP, { input: newPerson() })).toMatchObject([
      { extensions: { code: 'signup_disabled' } },
    ]);
    expect(await closed.graphql('{ authConfig { signup } }')).toEqual({ authConfig: { signup: false } });
    await closed.close();
  });
});
