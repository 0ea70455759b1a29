import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, hashOf, linkOf, nthMailTo } from '../mailbox.ts';
import { createPerson, failure, newPerson, signIn, succeed } from './people.ts';
import { authClient, openStage, SITE, type Stage } from './stage.ts';

describe('the stock client signs a person up who confirms by mail', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test('signUp gives a user and no session, and the code of the mail opens one', async () => {
    const person = newPerson();
    const client = stage.client();
    const events: string[] = [];
    client.auth.onAuthStateChange((event) => void events.push(event));
    const { user, session } = await succeed(
      client.auth.signUp({ ...person, options: { data: { name: 'Ada' }, emailRedirectTo: `${SITE}/in` } }),
    );
    expect([user?.email, user?.user_metadata.name, session]).toEqual([person.email, 'Ada', null]);
    expect(await failure(client.auth.signInWithPassword(person))).toEqual({
      name: 'AuthApiError',
      message: 'Email not confirmed',
      status: 400,
      code: 'email_not_confirmed',
    });
    const mail = await nthMailTo(stage.smtp, person.email);
    expect(linkOf(mail).searchParams.get('redirect_to')).toBe(`${SITE}/in`);
    const verified = await succeed(
      client.auth.verifyOtp({ email: person.email, token: codeOf(mail), type: 'email' }),
    );
    expect(verified.session?.access_token).toBeTypeOf('string');
    expect(verified.user?.email_confirmed_at).toBeTypeOf('string');
    expect((await succeed(client.auth.getUser())).user.id).toBe(user?.id);
    expect(events).toEqual(['INITIAL_SESSION', 'SIGNED_IN']);
  });

  test('verifyOtp takes the token_hash of the link', async () => {
    const person = newPerson();
    const client = stage.client();
    await succeed(client.auth.signUp(person));
    const token_hash = hashOf(await nthMailTo(stage.smtp, person.email));
    const { session } = await succeed(client.auth.verifyOtp({ token_hash, type: 'email' }));
    expect(session?.user.email).toBe(person.email);
    expect((await failure(stage.client().auth.verifyOtp({ token_hash, type: 'email' }))).code).toBe(
      'otp_expired',
    );
  });

  test('the link leads to the application, whose client finds the session in the fragment', async () => {
    const person = newPerson();
    const client = stage.client();
    await succeed(client.auth.signUp({ ...person, options: { emailRedirectTo: `${SITE}/in` } }));
    const { pathname, search } = linkOf(await nthMailTo(stage.smtp, person.email));
    const followed = await fetch(`${stage.gateway.url}${pathname}${search}`, { redirect: 'manual' });
    const target = new URL(followed.headers.get('location') ?? '');
    expect([followed.status, `${target.origin}${target.pathname}`]).toEqual([303, `${SITE}/in`]);
    const fragment = new URLSearchParams(target.hash.slice(1));
    const { session } = await succeed(
      stage.client().auth.setSession({
        access_token: fragment.get('access_token') ?? '',
        refresh_token: fragment.get('refresh_token') ?? '',
      }),
    );
    expect(session?.user.email).toBe(person.email);
  });

  test('PKCE: exchangeCodeForSession redeems the code of the link, once', async () => {
    const person = newPerson();
    const client = stage.client({ flowType: 'pkce' });
    await succeed(client.auth.signUp({ ...person, options: { emailRedirectTo: `${SITE}/in` } }));
    const { pathname, search } = linkOf(await nthMailTo(stage.smtp, person.email));
    const followed = await fetch(`${stage.gateway.url}${pathname}${search}`, { redirect: 'manual' });
    const code = new URL(followed.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const { session } = await succeed(client.auth.exchangeCodeForSession(code));
    expect(session?.user.email).toBe(person.email);
  });

  test('resend sends another mail, whose code replaces the first', async () => {
    const person = newPerson();
    const client = stage.client();
    await succeed(client.auth.signUp(person));
    const first = codeOf(await nthMailTo(stage.smtp, person.email, 1));
    await succeed(client.auth.resend({ type: 'signup', email: person.email }));
    const second = codeOf(await nthMailTo(stage.smtp, person.email, 2));
    const verify = (token: string) => client.auth.verifyOtp({ email: person.email, token, type: 'signup' });
    expect((await failure(verify(first))).code).toBe('otp_expired');
    expect((await succeed(verify(second))).user?.email).toBe(person.email);
  });

  test('signUp of a taken address answers as for a fresh one', async () => {
    const person = await createPerson(stage);
    const taken = await succeed(stage.client().auth.signUp({ ...person, password: 'Another-horse-2' }));
    const fresh = await succeed(stage.client().auth.signUp(newPerson()));
    expect(taken.session).toBeNull();
    expect(Object.keys(taken.user ?? {})).toEqual(Object.keys(fresh.user ?? {}));
    expect(taken.user?.id).not.toBe(person.id);
    await signIn(stage, person);
  });

  test('signUp refuses a weak password with its reasons', async () => {
    const { error } = await stage.client().auth.signUp({ ...newPerson(), password: '123' });
    expect(error).toMatchObject({ name: 'AuthWeakPasswordError', status: 422, reasons: ['length'] });
  });

  test('signInAnonymously is refused where it is off', async () => {
    expect(await failure(stage.client().auth.signInAnonymously())).toEqual({
      name: 'AuthApiError',
      message: 'Anonymous sign-ins are disabled',
      status: 422,
      code: 'anonymous_provider_disabled',
    });
  });

  test('signUp names a missing address, a wrong address and a missing password', async () => {
    const client = authClient(stage);
    const codes = await Promise.all([
      failure(client.signUp({ email: 'nope', password: 'Correct-horse-1' })),
      failure(client.signUp({ email: newPerson().email, password: '' })),
    ]);
    expect(codes.map(({ status, code, message }) => [status, code, message])).toEqual([
      [400, 'validation_failed', 'Unable to validate email address: invalid format'],
      [400, 'validation_failed', 'Signup requires a valid password'],
    ]);
  });
});

describe('the stock client where addresses count as confirmed', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ env: { AUTOCONFIRM: 'email,phone' } });
  });
  afterAll(() => stage.close());

  test('signUp opens a session', async () => {
    const person = newPerson();
    const client = stage.client();
    const { user, session } = await succeed(client.auth.signUp(person));
    expect([user?.email, session?.token_type, session?.expires_in]).toEqual([person.email, 'bearer', 900]);
    expect((await succeed(client.auth.getSession())).session?.access_token).toBe(session?.access_token);
    expect((await succeed(client.auth.getUser())).user.id).toBe(user?.id);
  });

  test('signUp of a taken address answers user_already_exists', async () => {
    const person = newPerson();
    await succeed(stage.client().auth.signUp(person));
    expect(await failure(stage.client().auth.signUp(person))).toEqual({
      name: 'AuthApiError',
      message: 'User already registered',
      status: 422,
      code: 'user_already_exists',
    });
  });

  test('signUp in the PKCE flow opens a session at once', async () => {
    const { session } = await succeed(stage.client({ flowType: 'pkce' }).auth.signUp(newPerson()));
    expect(session?.refresh_token).toBeTypeOf('string');
  });
});

describe('the stock client where sign-up is closed', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ env: { SIGNUP: 'off' } });
  });
  afterAll(() => stage.close());

  test('signUp answers signup_disabled, and an administrator still creates accounts', async () => {
    expect(await failure(stage.client().auth.signUp(newPerson()))).toEqual({
      name: 'AuthApiError',
      message: 'Signups not allowed for this instance',
      status: 422,
      code: 'signup_disabled',
    });
    const person = await createPerson(stage);
    expect((await signIn(stage, person)).user.id).toBe(person.id);
  });

  test('signInWithOtp makes no account', async () => {
    const { email } = newPerson();
    const { error } = await stage
      .client()
      .auth.signInWithOtp({ email, options: { shouldCreateUser: false } });
    expect(error?.code).toBe('otp_disabled');
  });
});
