import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, hashOf, nthMailTo } from '../mailbox.ts';
import { complete, createPerson, failure, newPerson, newSignedIn, signIn, succeed } from './people.ts';
import { openStage, SITE, type Stage } from './stage.ts';

let stage: Stage;
let admin: SupabaseClient['auth']['admin'];
beforeAll(async () => {
  stage = await openStage();
  admin = (await stage.admin()).auth.admin;
});
afterAll(() => stage.close());

test('createUser makes an account with metadata of both kinds', async () => {
  const person = newPerson();
  const { user } = await succeed(
    admin.createUser({
      ...person,
      email_confirm: true,
      user_metadata: { name: 'Ada' },
      app_metadata: { roles: ['editor'] },
    }),
  );
  expect(user).toMatchObject({
    email: person.email,
    role: 'authenticated',
    user_metadata: { name: 'Ada' },
    app_metadata: { provider: 'email', providers: ['email'], roles: ['editor'] },
  });
  expect((await signIn(stage, person)).user.id).toBe(user.id);
});

test('createUser takes an id, and refuses a taken address', async () => {
  const id = randomUUID();
  const { email } = newPerson();
  expect((await succeed(admin.createUser({ id, email }))).user.id).toBe(id);
  expect(await failure(admin.createUser({ email }))).toEqual({
    name: 'AuthApiError',
    message: 'A user with this email address has already been registered',
    status: 422,
    code: 'email_exists',
  });
});

test('listUsers gives the newest first, page by page', async () => {
  const people = [await createPerson(stage), await createPerson(stage)];
  const first = await succeed(admin.listUsers({ page: 1, perPage: 1 }));
  expect(first.users.map(({ id }) => id)).toEqual([people[1]?.id]);
  expect(first).toMatchObject({ nextPage: 2, lastPage: first.total });
  const second = await succeed(admin.listUsers({ page: 2, perPage: 1 }));
  expect(second.users.map(({ id }) => id)).toEqual([people[0]?.id]);
});

test('getUserById finds an account, and refuses what is not an id', async () => {
  const { id, email } = await createPerson(stage);
  expect((await succeed(admin.getUserById(id))).user.email).toBe(email);
  expect((await failure(admin.getUserById(randomUUID()))).code).toBe('user_not_found');
  await expect(admin.getUserById('abc')).rejects.toThrow('UUID');
});

test('updateUserById changes address, password, metadata and role at once', async () => {
  const person = await createPerson(stage);
  const changed = newPerson();
  const { user } = await succeed(
    admin.updateUserById(person.id, {
      email: changed.email,
      password: 'Fresh-horse-2',
      email_confirm: true,
      user_metadata: { a: 1 },
      app_metadata: { b: 2 },
    }),
  );
  expect(user).toMatchObject({
    email: changed.email,
    user_metadata: { a: 1 },
    app_metadata: { b: 2, provider: 'email' },
  });
  await signIn(stage, { email: changed.email, password: 'Fresh-horse-2' });
});

test('updateUserById bans an account and lifts the ban', async () => {
  const { person, client, user } = await newSignedIn(stage);
  const banned = await succeed(admin.updateUserById(user.id, { ban_duration: '24h' }));
  expect(banned.user.banned_until).toBeTypeOf('string');
  expect((await failure(client.auth.getUser())).code).toBe('user_banned');
  expect((await failure(stage.client().auth.signInWithPassword(person))).code).toBe('user_banned');
  await succeed(admin.updateUserById(user.id, { ban_duration: 'none' }));
  await signIn(stage, person);
});

test('deleteUser removes an account for good, or keeps its row without its data', async () => {
  const gone = await newSignedIn(stage);
  await succeed(admin.deleteUser(gone.user.id));
  expect((await failure(admin.getUserById(gone.user.id))).code).toBe('user_not_found');
  expect((await failure(gone.client.auth.getUser())).code).toBe('user_not_found');
  const hidden = await createPerson(stage);
  await succeed(admin.deleteUser(hidden.id, true));
  const { user } = await succeed(admin.getUserById(hidden.id));
  expect(user.deleted_at).toBeTypeOf('string');
  expect(JSON.stringify(user)).not.toContain(hidden.email);
  await createPerson(stage, { email: hidden.email, password: hidden.password });
});

test('inviteUserByEmail mails an invitation, which verifyOtp accepts', async () => {
  const { email } = newPerson();
  const { user } = await succeed(
    admin.inviteUserByEmail(email, { data: { team: 'Engines' }, redirectTo: `${SITE}/join` }),
  );
  expect(user.invited_at).toBeTypeOf('string');
  const token = codeOf(await nthMailTo(stage.smtp, email));
  const accepted = await succeed(stage.client().auth.verifyOtp({ email, token, type: 'invite' }));
  expect([accepted.user?.id, accepted.user?.user_metadata.team]).toEqual([user.id, 'Engines']);
  expect((await failure(admin.inviteUserByEmail(email))).code).toBe('email_exists');
});

test('generateLink makes links of each kind and sends nothing', async () => {
  const person = newPerson();
  const before = stage.smtp.mails.length;
  const signup = await succeed(
    admin.generateLink({ type: 'signup', ...person, options: { redirectTo: `${SITE}/in` } }),
  );
  expect(signup.properties).toMatchObject({ verification_type: 'signup', redirect_to: `${SITE}/in` });
  expect(signup.properties?.action_link).toContain(`token=${signup.properties?.hashed_token}&type=signup`);
  const client = stage.client();
  const token = signup.properties?.email_otp ?? '';
  await succeed(client.auth.verifyOtp({ email: person.email, token, type: 'signup' }));
  for (const type of ['magiclink', 'recovery'] as const) {
    const { properties } = await succeed(admin.generateLink({ type, email: person.email }));
    const token_hash = properties?.hashed_token ?? '';
    const { user } = await succeed(stage.client().auth.verifyOtp({ token_hash, type }));
    expect(user?.email).toBe(person.email);
  }
  const invite = await succeed(admin.generateLink({ type: 'invite', email: newPerson().email }));
  expect(invite.user?.invited_at).toBeTypeOf('string');
  expect(stage.smtp.mails).toHaveLength(before);
});

test('generateLink of an email change gives both links', async () => {
  const { email } = await createPerson(stage);
  const newEmail = newPerson().email;
  const client = stage.client();
  for (const type of ['email_change_current', 'email_change_new'] as const) {
    const { properties } = await succeed(admin.generateLink({ type, email, newEmail }));
    const token_hash = properties?.hashed_token ?? '';
    await succeed(client.auth.verifyOtp({ token_hash, type: 'email_change' }));
  }
  expect((await succeed(client.auth.getUser())).user.email).toBe(newEmail);
});

test('signOut ends the sessions of a token', async () => {
  const { client, session } = await newSignedIn(stage);
  await complete(admin.signOut(session.access_token));
  expect((await failure(client.auth.refreshSession())).code).toBe('refresh_token_not_found');
});

test('where AUTOCONFIRM covers addresses, metadata of an administrator is shown as given until the address is proven', async () => {
  const automatic = await openStage({ env: { AUTOCONFIRM: 'email' } });
  try {
    const { admin } = (await automatic.admin()).auth;
    const [person, metadata] = [newPerson(), { name: 'Ada' }];
    const { user } = await succeed(admin.createUser({ ...person, user_metadata: metadata }));
    expect(user.user_metadata).toEqual(metadata);
    const link = { type: 'signup', ...newPerson(), options: { data: metadata } } as const;
    expect((await succeed(admin.generateLink(link))).user?.user_metadata).toEqual(metadata);
    const changed = await succeed(admin.updateUserById(user.id, { user_metadata: { lang: 'de' } }));
    expect(changed.user.user_metadata).toEqual({ name: 'Ada', lang: 'de' });
    const signedIn = await signIn(automatic, person);
    expect(signedIn.user.user_metadata).toEqual(changed.user.user_metadata);
    const { user_metadata: inToken } = decodeJwt(signedIn.session.access_token);
    expect(inToken).toEqual(changed.user.user_metadata);
    const proven = await succeed(admin.updateUserById(user.id, { email_confirm: true }));
    expect(proven.user.user_metadata).toEqual({ name: 'Ada', lang: 'de', email_verified: true });
  } finally {
    await automatic.close();
  }
});

test('a person is not an administrator', async () => {
  const { client, session } = await newSignedIn(stage);
  const own = stage.client({ key: session.access_token }).auth.admin;
  expect(await failure(own.listUsers())).toEqual({
    name: 'AuthApiError',
    message: 'User not allowed',
    status: 403,
    code: 'not_admin',
  });
  expect((await failure(client.auth.admin.createUser(newPerson()))).code).toBe('bad_jwt');
});

test('a link of a mail and its token_hash are one and the same', async () => {
  const { email } = await createPerson(stage);
  await succeed(stage.client().auth.signInWithOtp({ email }));
  const token_hash = hashOf(await nthMailTo(stage.smtp, email));
  await succeed(stage.client().auth.verifyOtp({ token_hash, type: 'magiclink' }));
});
