import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { isSignedIn, logIn } from '../support/gateway.ts';
import { manageUsers, newEmail, type User } from './managed-users.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, send, TIME } from './wire.ts';

// PUT and DELETE /admin/users/{id}: what a server does to an account that exists.

const { gateway, admin, create, put, get, signIn, events } = manageUsers();

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
});

describe('PUT /admin/users/{id}', () => {
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
      body: { email, email_confirmed_at: TIME, user_metadata: { a: 1, c: 3, email_verified: true } },
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
    expect(confirmed.body).toMatchObject({ phone: first, phone_confirmed_at: TIME });
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
      ...{ id: ada.user.id, deleted_at: TIME, identities: [expect.anything()] },
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
