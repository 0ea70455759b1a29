import { randomUUID } from 'node:crypto';
import { hash as bcryptHash } from 'bcrypt';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { logIn } from '../support/gateway.ts';
import { manageUsers, newEmail } from './managed-users.ts';
import { expectError, TIME } from './wire.ts';

// POST /admin/users: how a server creates accounts.

const PASSWORD = 'Correct-horse-1';
const { gateway, admin, create, put, get, signIn, events } = manageUsers();

describe('POST /admin/users', () => {
  test('creates a user who signs in here and by GraphQL, and sends no mail', async () => {
    const email = newEmail();
    const user = await create({ email, password: PASSWORD, email_confirm: true });
    expect(user).toMatchObject({
      ...{ aud: 'authenticated', role: 'authenticated', email, email_confirmed_at: TIME, phone: '' },
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
      ...{ phone, phone_confirmed_at: TIME, email: '' },
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
