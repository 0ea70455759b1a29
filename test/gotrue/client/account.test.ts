import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, nthMailTo } from '../mailbox.ts';
import { complete, createPerson, failure, newPerson, newSignedIn, signIn, succeed } from './people.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ env: { ANONYMOUS_SIGN_IN: 'on' } });
});
afterAll(() => stage.close());

describe('updateUser', () => {
  test('merges data, and null deletes a key', async () => {
    const { client } = await newSignedIn(stage);
    const events: string[] = [];
    client.auth.onAuthStateChange((event) => void events.push(event));
    await succeed(client.auth.updateUser({ data: { name: 'Ada', age: 36 } }));
    const { user } = await succeed(client.auth.updateUser({ data: { age: null, city: 'London' } }));
    expect(user.user_metadata).toMatchObject({ name: 'Ada', city: 'London' });
    expect(user.user_metadata).not.toHaveProperty('age');
    const { session } = await succeed(client.auth.refreshSession());
    expect(decodeJwt(session?.access_token ?? '').user_metadata).toMatchObject({ city: 'London' });
    expect(events).toEqual(['INITIAL_SESSION', 'USER_UPDATED', 'USER_UPDATED', 'TOKEN_REFRESHED']);
  });

  test('changes the address after both addresses confirmed', async () => {
    const { client, person } = await newSignedIn(stage);
    const email = newPerson().email;
    const { user } = await succeed(client.auth.updateUser({ email }));
    expect([user.email, user.new_email]).toEqual([person.email, email]);
    const token = codeOf(await nthMailTo(stage.smtp, email));
    const half = await succeed(client.auth.verifyOtp({ email, token, type: 'email_change' }));
    expect(half.session).toBeNull();
    const current = codeOf(await nthMailTo(stage.smtp, person.email));
    const whole = await succeed(
      client.auth.verifyOtp({ email: person.email, token: current, type: 'email_change' }),
    );
    expect(whole.user?.email).toBe(email);
    await signIn(stage, { ...person, email });
  });

  test('refuses the address of another account', async () => {
    const { client } = await newSignedIn(stage);
    const { email } = await createPerson(stage);
    expect((await failure(client.auth.updateUser({ email }))).code).toBe('email_exists');
  });

  test('changes the password, and the other sessions end', async () => {
    const { client, person } = await newSignedIn(stage);
    const other = await signIn(stage, person);
    const password = 'Fresh-horse-2';
    await succeed(client.auth.updateUser({ password }));
    expect((await failure(other.client.auth.refreshSession())).code).toBe('refresh_token_not_found');
    await succeed(client.auth.refreshSession());
    await signIn(stage, { ...person, password });
  });

  test('refuses the same password and a weak one', async () => {
    const { client, person } = await newSignedIn(stage);
    expect((await failure(client.auth.updateUser({ password: person.password }))).code).toBe('same_password');
    expect((await failure(client.auth.updateUser({ password: '123' }))).name).toBe('AuthWeakPasswordError');
  });

  test('needs a session', async () => {
    const { name } = await failure(stage.client().auth.updateUser({ data: {} }));
    expect(name).toBe('AuthSessionMissingError');
  });
});

describe('reauthenticate', () => {
  test('mails a code, which updateUser takes as its nonce', async () => {
    const { client, person } = await newSignedIn(stage);
    await succeed(client.auth.reauthenticate());
    const nonce = codeOf(await nthMailTo(stage.smtp, person.email));
    expect(nonce).toMatch(/^\d{6}$/);
    await succeed(client.auth.updateUser({ password: 'Fresh-horse-2', nonce }));
  });
});

describe('an anonymous person', () => {
  test('signs in, and becomes permanent by confirming an address and setting a password', async () => {
    const client = stage.client();
    const { user, session } = await succeed(
      client.auth.signInAnonymously({ options: { data: { theme: 'dark' } } }),
    );
    expect([user?.is_anonymous, user?.email, user?.user_metadata]).toEqual([true, '', { theme: 'dark' }]);
    expect(decodeJwt(session?.access_token ?? '')).toMatchObject({
      is_anonymous: true,
      role: 'authenticated',
    });
    const { email, password } = newPerson();
    await succeed(client.auth.updateUser({ email }));
    const token = codeOf(await nthMailTo(stage.smtp, email));
    const verified = await succeed(client.auth.verifyOtp({ email, token, type: 'email_change' }));
    expect([verified.user?.id, verified.user?.is_anonymous]).toEqual([user?.id, false]);
    await succeed(client.auth.updateUser({ password }));
    expect((await signIn(stage, { email, password })).user.id).toBe(user?.id);
  });

  test('refreshes and signs out like any other', async () => {
    const client = stage.client();
    await succeed(client.auth.signInAnonymously());
    const { user } = await succeed(client.auth.refreshSession());
    expect(user?.is_anonymous).toBe(true);
    await complete(client.auth.signOut());
  });
});
