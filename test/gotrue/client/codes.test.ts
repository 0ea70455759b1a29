import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, hashOf, linkOf, nthMailTo } from '../mailbox.ts';
import { complete, createPerson, failure, newPerson, signIn, succeed } from './people.ts';
import { memory, openStage, SITE, type Stage } from './stage.ts';

const NUMBER = '15005550006';
const CODE = '246810';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    env: { SMS_PROVIDER: 'test', SMS_TEST_CODES: `${NUMBER}=${CODE},15005550007=${CODE}` },
  });
});
afterAll(() => stage.close());

/** Follows a mailed link as a browser does, and returns where it leads. */
async function follow(link: URL): Promise<URL> {
  const answer = await fetch(`${stage.gateway.url}${link.pathname}${link.search}`, { redirect: 'manual' });
  expect(answer.status).toBe(303);
  return new URL(answer.headers.get('location') ?? '');
}

describe('codes and links by mail', () => {
  test('signInWithOtp and verifyOtp sign a new person up', async () => {
    const { email } = newPerson();
    const client = stage.client();
    const sent = await succeed(client.auth.signInWithOtp({ email, options: { data: { lang: 'de' } } }));
    expect(sent).toEqual({ user: null, session: null });
    const token = codeOf(await nthMailTo(stage.smtp, email));
    const { user, session } = await succeed(client.auth.verifyOtp({ email, token, type: 'email' }));
    expect([user?.email, user?.user_metadata.lang]).toEqual([email, 'de']);
    expect(session?.refresh_token).toBeTypeOf('string');
  });

  test('signInWithOtp signs a known person in by the link, in the implicit flow', async () => {
    const { email, id } = await createPerson(stage);
    await succeed(stage.client().auth.signInWithOtp({ email, options: { emailRedirectTo: `${SITE}/me` } }));
    const target = await follow(linkOf(await nthMailTo(stage.smtp, email)));
    expect(`${target.origin}${target.pathname}`).toBe(`${SITE}/me`);
    const fragment = new URLSearchParams(target.hash.slice(1));
    expect([...fragment.keys()]).toEqual([
      ...['access_token', 'expires_at', 'expires_in', 'refresh_token', 'sb', 'token_type', 'type'],
    ]);
    const { user } = await succeed(stage.client().auth.getUser(fragment.get('access_token') ?? ''));
    expect(user.id).toBe(id);
  });

  test('signInWithOtp in the PKCE flow: only the client that asked redeems the code', async () => {
    const { email, id } = await createPerson(stage);
    const client = stage.client({ flowType: 'pkce' });
    await succeed(client.auth.signInWithOtp({ email, options: { emailRedirectTo: `${SITE}/cb?x=1` } }));
    const target = await follow(linkOf(await nthMailTo(stage.smtp, email)));
    expect([target.searchParams.get('x'), target.hash]).toEqual(['1', '']);
    const code = target.searchParams.get('code') ?? '';
    const other = memory();
    const thief = stage.client({ flowType: 'pkce', storage: other });
    await succeed(thief.auth.signInWithOtp({ email: newPerson().email }));
    expect((await failure(thief.auth.exchangeCodeForSession(code))).code).toBe('bad_code_verifier');
    expect((await succeed(client.auth.exchangeCodeForSession(code))).user.id).toBe(id);
  });

  test('signInWithOtp of an unknown person who may not be created answers otp_disabled', async () => {
    const { email } = newPerson();
    const answer = stage.client().auth.signInWithOtp({ email, options: { shouldCreateUser: false } });
    expect(await failure(answer)).toEqual({
      name: 'AuthApiError',
      message: 'Signups not allowed for otp',
      status: 422,
      code: 'otp_disabled',
    });
  });

  test('verifyOtp refuses a wrong code and a code of another purpose', async () => {
    const { email } = await createPerson(stage);
    const client = stage.client();
    await succeed(client.auth.signInWithOtp({ email }));
    const token = codeOf(await nthMailTo(stage.smtp, email));
    const wrong = token === '000000' ? '000001' : '000000';
    const expired = {
      name: 'AuthApiError',
      message: 'Token has expired or is invalid',
      status: 403,
      code: 'otp_expired',
    };
    expect(await failure(client.auth.verifyOtp({ email, token: wrong, type: 'email' }))).toEqual(expired);
    expect(await failure(client.auth.verifyOtp({ email, token, type: 'recovery' }))).toEqual(expired);
    await succeed(client.auth.verifyOtp({ email, token, type: 'email' }));
  });

  test('resetPasswordForEmail leads to a session that sets a new password', async () => {
    const person = await createPerson(stage);
    const client = stage.client({ flowType: 'pkce' });
    await succeed(client.auth.resetPasswordForEmail(person.email, { redirectTo: `${SITE}/reset` }));
    const target = await follow(linkOf(await nthMailTo(stage.smtp, person.email)));
    expect(target.pathname).toBe('/reset');
    const events: string[] = [];
    client.auth.onAuthStateChange((event) => void events.push(event));
    await succeed(client.auth.exchangeCodeForSession(target.searchParams.get('code') ?? ''));
    const password = 'Fresh-horse-2';
    await succeed(client.auth.updateUser({ password }));
    expect((await failure(stage.client().auth.signInWithPassword(person))).code).toBe('invalid_credentials');
    await signIn(stage, { email: person.email, password });
    expect(events).toEqual(['INITIAL_SESSION', 'PASSWORD_RECOVERY', 'USER_UPDATED']);
  });

  test('resetPasswordForEmail answers alike for an unknown address', async () => {
    const { email } = await createPerson(stage);
    const client = stage.client();
    const known = await client.auth.resetPasswordForEmail(email);
    expect(await client.auth.resetPasswordForEmail(newPerson().email)).toEqual(known);
    const token_hash = hashOf(await nthMailTo(stage.smtp, email));
    await succeed(client.auth.verifyOtp({ token_hash, type: 'recovery' }));
  });
});

describe('codes by text message', () => {
  test('signInWithOtp and verifyOtp sign a person up by their number', async () => {
    const client = stage.client();
    await succeed(client.auth.signInWithOtp({ phone: `+${NUMBER}` }));
    const answer = client.auth.verifyOtp({ phone: NUMBER, token: CODE, type: 'sms' });
    const { user, session } = await succeed(answer);
    expect([user?.phone, user?.email, session?.token_type]).toEqual([NUMBER, '', 'bearer']);
    await complete(client.auth.signOut());
  });

  test('signUp with a number needs its code before the password counts', async () => {
    const phone = '15005550007';
    const password = 'Correct-horse-1';
    const client = stage.client();
    expect((await succeed(client.auth.signUp({ phone, password }))).session).toBeNull();
    expect((await failure(client.auth.signInWithPassword({ phone, password }))).code).toBe(
      'phone_not_confirmed',
    );
    expect((await failure(client.auth.verifyOtp({ phone, token: '000000', type: 'sms' }))).code).toBe(
      'otp_expired',
    );
    await succeed(client.auth.verifyOtp({ phone, token: CODE, type: 'sms' }));
    const { user } = await succeed(stage.client().auth.signInWithPassword({ phone, password }));
    expect(user.phone).toBe(phone);
  });
});
