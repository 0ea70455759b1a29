import { randomUUID } from 'node:crypto';
import { hash as bcryptHash } from 'bcrypt';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isSignedIn, logIn, newPerson, startGateway, type TestGateway } from '../support/gateway.ts';
import { administrate, JWT_SECRET } from './administrators.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, send, type WireAnswer } from './wire.ts';

// What a server does to accounts at /admin/users.

const PASSWORD = 'Correct-horse-1';
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    env: {
      GOTRUE_JWT_SECRET: JWT_SECRET,
      LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
      LIMIT_LOGIN_PER_ADDRESS: '1000/60',
      DEFAULT_ROLES: 'user',
    },
  });
});
afterAll(() => gateway.close());

type User = Record<string, unknown> & { id: string; email: string };

const admin = (method: string, path: string, body?: unknown) => administrate(gateway, method, path, body);
async function create(body: object): Promise<User> {
  const { status, body: user } = await admin('POST', '/admin/users', body);
  expect({ status, user }).toMatchObject({ status: 200 });
  return user as User;
}
const put = (id: string, body: object) => admin('PUT', `/admin/users/${id}`, body);
const get = (id: string) => admin('GET', `/admin/users/${id}`);
const signIn = (email: string, password: string): Promise<WireAnswer> =>
  send(gateway, 'POST', '/token?grant_type=password', { body: { email, password } });
const newEmail = () => newPerson().email;
const events = (userId: string, action: string) =>
  gateway.sql`select details from portcullis.security_events where user_id = ${userId} and action = ${action} order by id`;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

describe('POST /admin/users', () => {
  test('creates a user who signs in here and by GraphQL, and sends no mail', async () => {
    const email = newEmail();
    const user = await create({ email, password: PASSWORD, email_confirm: true });
    expect(user).toMatchObject({
      ...{ aud: 'authenticated', role: 'authenticated', email, email_confirmed_at: time, phone: '' },
      ...{ user_metadata: { email_verified: true }, is_anonymous: false },
      app_metadata: { provider: 'email', providers: ['email'] },
    });
    expect(await signIn(email, PASSWORD)).toMatchObject({ status: 200, body: { user: { id: user.id } } });
    expect((await logIn(gateway, { email, password: PASSWORD })).user.id).toBe(user.id);
    expect(gateway.deps.mailInbox?.list().filter(({ to }) => JSON.stringify(to).includes(email))).toEqual([]);
    expect(await events(user.id, 'account_created')).toEqual([
      { details: { by: 'shared secret (service_role)', password: true, verified: true, link: false } },
    ]);
  });

  test('without a confirmation the user cannot sign in here: email_not_confirmed', async () => {
    const email = newEmail();
    expect(await create({ email, password: PASSWORD })).not.toHaveProperty('email_confirmed_at');
    expectError(await signIn(email, PASSWORD), 400, 'email_not_confirmed', 'Email not confirmed');
  });

  test('takes an id in the body or in the path, and refuses two that differ', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    expect((await create({ id: first.toUpperCase(), email: newEmail() })).id).toBe(first);
    const answer = await admin('POST', `/admin/users/${second}`, { id: second, email: newEmail() });
    expect(answer).toMatchObject({ status: 200, body: { id: second } });
    const other = { id: randomUUID(), email: newEmail() };
    expectError(
      await admin('POST', `/admin/users/${randomUUID()}`, other),
      422,
      'validation_failed',
      'The id in the body differs from the id in the path',
    );
    expect(await gateway.sql`select from portcullis.users where email = ${other.email}`).toEqual([]);
  });

  test('of a taken address, id or number makes no user', async () => {
    const email = newEmail();
    const { id } = await create({ email });
    const taken = 'A user with this email address has already been registered';
    expectError(
      await admin('POST', '/admin/users', { email: email.toUpperCase() }),
      422,
      'email_exists',
      taken,
    );
    const again = newEmail();
    for (const [path, body] of [
      ['/admin/users', { id, email: again }],
      [`/admin/users/${id}`, { email: again }],
    ] as const)
      expectError(await admin('POST', path, body), 422, 'user_already_exists', expect.any(String));
    const phone = '15005551016';
    expect(await create({ phone, phone_confirm: true })).toMatchObject({
      ...{ phone, phone_confirmed_at: time, email: '' },
      app_metadata: { provider: 'phone', providers: ['phone'] },
    });
    const message = 'Phone number already registered by another user';
    expectError(
      await admin('POST', '/admin/users', { phone: `+${phone}`, email: again }),
      422,
      'phone_exists',
      message,
    );
    expect(await gateway.sql`select from portcullis.users where email = ${again}`).toEqual([]);
  });

  test('of one address ten times at once makes one user', async () => {
    const email = newEmail();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => admin('POST', '/admin/users', { email, password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(422)]);
  });

  test('shows metadata as given, and app_metadata beside the provider', async () => {
    const user = await create({
      ...{ email: newEmail(), user_metadata: { a: [1, { b: null }] } },
      app_metadata: { roles: ['editor'], provider: 'custom' },
    });
    expect(user.user_metadata).toEqual({ a: [1, { b: null }] });
    expect(user.app_metadata).toEqual({ provider: 'custom', providers: ['email'], roles: ['editor'] });
  });

  test('with a role puts it into the token of this dialect, and never into Hasura’s claims', async () => {
    const email = newEmail();
    const account = { email, password: PASSWORD, email_confirm: true, role: 'editor' };
    expect(await create(account)).toMatchObject({ role: 'editor' });
    const { body } = await signIn(email, PASSWORD);
    const claims = decodeJwt((body as { access_token: string }).access_token);
    expect(claims.role).toBe('editor');
    expect(claims['https://hasura.io/jwt/claims']).toMatchObject({
      'x-hasura-allowed-roles': ['user'],
      'x-hasura-default-role': 'user',
    });
  });

  test.each(['service_role', 'supabase_admin', 'fastrue_admin'])('refuses the role %s', async (role) => {
    const email = newEmail();
    expectError(
      await admin('POST', '/admin/users', { email, role }),
      400,
      'validation_failed',
      expect.any(String),
    );
    const { id } = await create({ email });
    expectError(await put(id, { role }), 400, 'validation_failed', expect.any(String));
    expect((await get(id)).body).toMatchObject({ role: 'authenticated' });
  });

  test('with a ban disables the user in every dialect, and "none" lifts the ban', async () => {
    const email = newEmail();
    const account = { email, password: PASSWORD, email_confirm: true, ban_duration: '24h' };
    const { id, banned_until } = await create(account);
    expect(Math.round((Date.parse(String(banned_until)) - Date.now()) / 3_600_000)).toBe(24);
    expectError(await signIn(email, 'wrong'), 400, 'invalid_credentials', expect.any(String));
    expect(await signIn(email, PASSWORD)).toMatchObject({ body: { error_code: 'user_banned' } });
    expect(await put(id, { ban_duration: 'none' })).toMatchObject({ status: 200 });
    expect((await get(id)).body).not.toHaveProperty('banned_until');
    expect((await signIn(email, PASSWORD)).status).toBe(200);
  });

  test.each([
    [{ password: PASSWORD }, 'Cannot create a user without either an email or phone'],
    [{ email: '', phone: '' }, 'Cannot create a user without either an email or phone'],
    [{ email: 'nope' }, 'Unable to validate email address: invalid format'],
    [{ phone: '0abc' }, 'Invalid phone number format (E.164 required)'],
    [{ email: 'a@example.com', id: 'abc' }, 'ID must conform to the uuid v4 format'],
    [{ email: 'a@example.com', id: '00000000-0000-0000-0000-000000000000' }, 'ID cannot be a nil uuid'],
    [
      { email: 'a@example.com', ban_duration: 'x' },
      'invalid format for ban duration: time: invalid duration "x"',
    ],
    [{ email: 'a@example.com', aud: 'other' }, 'aud: must be authenticated'],
    [
      { email: 'a@example.com', password: PASSWORD, password_hash: '$2b$10$x' },
      'Only a password or a password hash should be provided',
    ],
    [{ email: 'a@example.com', password_hash: 'nonsense' }, expect.stringContaining('password')],
    [{ email: 'a@example.com', user_metadata: { a: '\u0000' } }, expect.stringContaining('user_metadata')],
    [{ email: 'a@example.com', app_metadata: { a: 'x'.repeat(20_000) } }, expect.stringContaining('16384')],
  ])('refuses %j: validation_failed', async (body, message) => {
    expectError(await admin('POST', '/admin/users', body), 400, 'validation_failed', message);
    expect(await gateway.sql`select from portcullis.users where email = 'a@example.com'`).toEqual([]);
  });

  test('refuses a weak password, and a field of a wrong type', async () => {
    const email = newEmail();
    const weak = await admin('POST', '/admin/users', { email, password: '123' });
    expect(weak).toMatchObject({ status: 422, body: { error_code: 'weak_password' } });
    expect(await admin('POST', '/admin/users', { email, role: 5 })).toMatchObject({
      status: 400,
      body: { error_code: 'bad_json' },
    });
  });
});

describe('a password_hash of another system', () => {
  const SALT_SEPARATOR = 'ss=Bw==';
  const hashes: Readonly<Record<string, () => Promise<string>>> = {
    bcrypt: () => bcryptHash('imported-horse', 4),
    argon2id: async () =>
      '$argon2id$v=19$m=19456,t=2,p=1$2uOoLEi2VNaKP+oSYJP+Sg$HzRdAS60PV+237qR7PGQXvP+6TOvpB1u6c32Ky4NkG0',
  };

  test.each(Object.entries(hashes))(
    '%s signs in, and is renewed by the first sign-in',
    async (_kind, make) => {
      const email = newEmail();
      const { id } = await create({ email, email_confirm: true, password_hash: await make() });
      expectError(await signIn(email, 'other'), 400, 'invalid_credentials', expect.any(String));
      expect((await signIn(email, 'imported-horse')).status).toBe(200);
      const [stored] = await gateway.sql`select hash from portcullis_private.passwords where user_id = ${id}`;
      expect(stored?.hash).toMatch(/^\$argon2id\$v=19\$/);
      expect((await signIn(email, 'imported-horse')).status).toBe(200);
    },
  );

  test('of Firebase is stored without its signer key', async () => {
    const key = Buffer.alloc(64, 7).toString('base64');
    const hash = Buffer.alloc(64, 9).toString('base64');
    const text = `$fbscrypt$v=1,n=14,r=8,p=1,${SALT_SEPARATOR},sk=${key}$${Buffer.alloc(12, 3).toString('base64')}$${hash}`;
    const { id } = await create({ email: newEmail(), password_hash: text });
    const [stored] = await gateway.sql`select hash from portcullis_private.passwords where user_id = ${id}`;
    expect(stored?.hash).toMatch(/^\$fbscrypt\$.*,key=[0-9a-f]{32}\$/);
    expect(stored?.hash).not.toContain(key);
  });

  test('that costs too much is refused: validation_failed', async () => {
    const costly = `$argon2id$v=19$m=4194304,t=99,p=1$${Buffer.alloc(16).toString('base64').replace(/=+$/, '')}$${Buffer.alloc(32).toString('base64').replace(/=+$/, '')}`;
    const answer = await admin('POST', '/admin/users', { email: newEmail(), password_hash: costly });
    expectError(answer, 400, 'validation_failed', expect.any(String));
  });
});

describe('PUT /admin/users/{id}', () => {
  let ada: Member;
  beforeEach(async () => {
    ada = await verifiedPerson(gateway);
  });

  test('changes address, password and metadata at once', async () => {
    await put(ada.user.id, { user_metadata: { a: 1, b: 2 } });
    const email = newEmail();
    const changes = {
      email,
      password: 'Fresh-horse-2',
      user_metadata: { b: null, c: 3 },
      email_confirm: true,
    };
    expect(await put(ada.user.id, changes)).toMatchObject({
      status: 200,
      body: { email, email_confirmed_at: time, user_metadata: { a: 1, c: 3, email_verified: true } },
    });
    expect((await signIn(email, 'Fresh-horse-2')).status).toBe(200);
    expect((await signIn(ada.person.email, 'Fresh-horse-2')).status).toBe(400);
  });

  test('of a password ends the sessions of every dialect', async () => {
    const { body } = await signIn(ada.person.email, ada.person.password);
    const token = (body as { access_token: string }).access_token;
    await put(ada.user.id, { password: 'Fresh-horse-2' });
    const answer = await send(gateway, 'GET', '/user', { headers: bearer(token) });
    expectError(answer, 403, 'session_not_found', expect.any(String));
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expect(await events(ada.user.id, 'password_changed')).toEqual([
      { details: { by: 'shared secret (service_role)' } },
    ]);
  });

  test('of a new address without a confirmation leaves it unconfirmed', async () => {
    const { body } = await put(ada.user.id, { email: newEmail() });
    expect(body).not.toHaveProperty('email_confirmed_at');
  });

  test('of app_metadata merges, and keeps the provider', async () => {
    await put(ada.user.id, { app_metadata: { a: 1 } });
    expect((await put(ada.user.id, { app_metadata: { b: 2 } })).body).toMatchObject({
      app_metadata: { a: 1, b: 2, provider: 'email', providers: ['email'] },
    });
  });

  test('of a number gives, confirms and replaces it', async () => {
    const number = () => `1500555${String(Math.floor(Math.random() * 10_000)).padStart(4, '0')}`;
    const [first, second] = [number(), number()];
    expect((await put(ada.user.id, { phone: first })).body).not.toHaveProperty('phone_confirmed_at');
    expect(await isSignedIn(gateway, ada)).toBe(true);
    const confirmed = await put(ada.user.id, { phone_confirm: true });
    expect(confirmed.body).toMatchObject({ phone: first, phone_confirmed_at: time });
    expect((await put(ada.user.id, { phone: second })).body).not.toHaveProperty('phone_confirmed_at');
    expect(await isSignedIn(gateway, ada)).toBe(false);
  });

  test('of a ban ends access at once, and a time that is over does not ban', async () => {
    await put(ada.user.id, { ban_duration: '1h' });
    const answer = await send(gateway, 'GET', '/user', { headers: bearer(ada.accessToken) });
    expectError(answer, 403, 'user_banned', 'User is banned');
    expect((await put(ada.user.id, { ban_duration: '-1h' })).body).not.toHaveProperty('banned_until');
    await logIn(gateway, ada.person);
  });

  test('changes nothing if a part is refused', async () => {
    const other = await verifiedPerson(gateway);
    const before = (await get(ada.user.id)).body as User;
    const changes = {
      role: 'editor',
      user_metadata: { a: 1 },
      ban_duration: '1h',
      email: other.person.email,
    };
    expectError(await put(ada.user.id, changes), 422, 'email_exists', expect.any(String));
    expect((await get(ada.user.id)).body).toEqual(before);
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });

  test.each([
    [{ ban_duration: '1x' }, 400, 'validation_failed'],
    [{ email: 'x' }, 400, 'validation_failed'],
    [{ password: '123' }, 422, 'weak_password'],
    [{ phone_confirm: true }, 400, 'validation_failed'],
  ])('refuses %j', async (body, status, code) => {
    expect(await put(ada.user.id, body)).toMatchObject({ status, body: { error_code: code } });
  });

  test('of an unknown user answers user_not_found, and of an id that is not a UUID validation_failed', async () => {
    expectError(await put(randomUUID(), { role: 'x' }), 404, 'user_not_found', 'User not found');
    expectError(await put('abc', { role: 'x' }), 404, 'validation_failed', 'user_id must be an UUID');
    expectError(await get(randomUUID()), 404, 'user_not_found', 'User not found');
  });
});

describe('DELETE /admin/users/{id}', () => {
  let ada: Member;
  beforeEach(async () => {
    ada = await verifiedPerson(gateway);
  });
  const remove = (body?: object) => admin('DELETE', `/admin/users/${ada.user.id}`, body);
  /** The rows of every table that name a user or one of their sessions, except for the security events. */
  async function rowsOf(userId: string): Promise<Record<string, number>> {
    const tables = await gateway.sql<{ table: string; column: string }[]>`
      select c.table_schema || '.' || c.table_name as table, c.column_name as column
      from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
      where c.table_schema in ('portcullis', 'portcullis_private') and t.table_type = 'BASE TABLE'
        and c.column_name in ('user_id', 'inviter_id') and c.table_name <> 'security_events'`;
    const counts = await Promise.all(
      tables.map(async ({ table, column }) => {
        const [row] = await gateway.sql.unsafe<{ n: number }[]>(
          `select count(*)::int as n from ${table} where ${column} = '${userId}'`,
        );
        return [table, row?.n ?? 0] as const;
      }),
    );
    expect(counts.length).toBeGreaterThan(10);
    return Object.fromEntries(counts.filter(([, rows]) => rows > 0));
  }

  test('leaves no row of the user in any table, and no way in', async () => {
    await put(ada.user.id, { phone: '15005559999', user_metadata: { a: 1 } });
    expect(Object.keys(await rowsOf(ada.user.id)).length).toBeGreaterThan(3);
    expect(await remove()).toMatchObject({ status: 200, body: {} });
    expect(await rowsOf(ada.user.id)).toEqual({});
    expectError(await get(ada.user.id), 404, 'user_not_found', 'User not found');
    expectError(await remove(), 404, 'user_not_found', 'User not found');
    const answer = await send(gateway, 'GET', '/user', { headers: bearer(ada.accessToken) });
    expectError(answer, 403, 'user_not_found', 'User from sub claim in JWT does not exist');
    const { email, password } = ada.person;
    expectError(await signIn(email, password), 400, 'invalid_credentials', 'Invalid login credentials');
  });

  test('with should_soft_delete keeps the row without its data, and frees the address and the number', async () => {
    const { email, password } = ada.person;
    const phone = '15005558888';
    await put(ada.user.id, { phone, phone_confirm: true, user_metadata: { a: 1 }, app_metadata: { b: 2 } });
    expect(await remove({ should_soft_delete: true })).toMatchObject({ status: 200, body: {} });
    const { body } = await get(ada.user.id);
    expect(body).toMatchObject({
      ...{ id: ada.user.id, deleted_at: time, identities: [expect.anything()] },
      ...{ email: expect.stringMatching(/^[0-9a-f]{32}$/), phone: expect.stringMatching(/^[0-9a-f]{15}$/) },
      user_metadata: {},
    });
    expect(JSON.stringify(body)).not.toContain(email);
    expect(JSON.stringify(body)).not.toContain('15005558888');
    expect(Object.keys(await rowsOf(ada.user.id)).sort()).toEqual([
      'portcullis.sessions',
      'portcullis_private.account_details',
    ]);
    const [row] = await gateway.sql`select name, disabled_at is not null as disabled from portcullis.users
      where id = ${ada.user.id}`;
    expect({ ...row }).toEqual({ name: 'Deleted user', disabled: true });
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expectError(await signIn(email, password), 400, 'invalid_credentials', 'Invalid login credentials');
    // Again, it changes nothing. Both are free for another account.
    expect((await remove({ should_soft_delete: true })).status).toBe(200);
    expect((await get(ada.user.id)).body).toEqual(body);
    expect((await create({ email, phone })).id).not.toBe(ada.user.id);
    expect(await events(ada.user.id, 'account_deleted')).toEqual([
      { details: { by: 'shared secret (service_role)', kept: true, teams: 1 } },
    ]);
  });

  test('of the only owner of a team with other members is refused: sole_owner', async () => {
    const bob = await verifiedPerson(gateway);
    const [team] =
      await gateway.sql`select team_id from portcullis.memberships where user_id = ${ada.user.id}`;
    await gateway.sql`insert into portcullis.memberships (team_id, user_id, role)
      values (${team?.team_id}, ${bob.user.id}, 'MEMBER')`;
    for (const body of [{}, { should_soft_delete: true }])
      expect(await remove(body)).toMatchObject({ status: 400, body: { error_code: 'sole_owner' } });
    expect(await isSignedIn(gateway, ada)).toBe(true);
  });
});
