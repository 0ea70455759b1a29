import { setTimeout as sleep } from 'node:timers/promises';
import type { AuthChangeEvent } from '@supabase/supabase-js';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  complete,
  createPerson,
  failure,
  newPerson,
  newSignedIn,
  type SignedIn,
  signIn,
  succeed,
} from './people.ts';
import { memory, openStage, type Stage } from './stage.ts';

type Auth = SignedIn['client']['auth'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('signInWithPassword opens a session and says so', async () => {
  const person = await createPerson(stage);
  const client = stage.client();
  const events: AuthChangeEvent[] = [];
  const { data } = client.auth.onAuthStateChange((event) => void events.push(event));
  const { session, user } = await succeed(client.auth.signInWithPassword(person));
  expect(user).toMatchObject({
    id: person.id,
    aud: 'authenticated',
    role: 'authenticated',
    email: person.email,
    is_anonymous: false,
  });
  expect(session.expires_at).toBe(decodeJwt(session.access_token).exp);
  expect(decodeJwt(session.access_token)).toMatchObject({
    sub: person.id,
    aud: 'authenticated',
    role: 'authenticated',
    email: person.email,
    phone: '',
    aal: 'aal1',
    amr: [{ method: 'password' }],
    is_anonymous: false,
  });
  expect((await succeed(client.auth.getUser())).user).toMatchObject({ id: user.id, email: user.email });
  await client.auth.signOut();
  data.subscription.unsubscribe();
  expect(events).toEqual(['INITIAL_SESSION', 'SIGNED_IN', 'SIGNED_OUT']);
});

test('signInWithPassword answers alike for a wrong password and an unknown address', async () => {
  const { email } = await createPerson(stage);
  const wrong = await failure(stage.client().auth.signInWithPassword({ email, password: 'wrong' }));
  expect(wrong).toEqual({
    name: 'AuthApiError',
    message: 'Invalid login credentials',
    status: 400,
    code: 'invalid_credentials',
  });
  expect(await failure(stage.client().auth.signInWithPassword(newPerson()))).toEqual(wrong);
});

test('refreshSession rotates the tokens and keeps the session', async () => {
  const { client, session, user } = await newSignedIn(stage);
  const refreshed = await succeed(client.auth.refreshSession());
  expect(refreshed.user?.id).toBe(user.id);
  expect(refreshed.session?.refresh_token).not.toBe(session.refresh_token);
  const claimsOf = (token: string) => decodeJwt(token);
  expect(claimsOf(refreshed.session?.access_token ?? '').session_id).toBe(
    claimsOf(session.access_token).session_id,
  );
});

test('refreshSession takes the session of a server-side caller', async () => {
  const { session } = await newSignedIn(stage);
  const { refresh_token } = session;
  const refreshed = await succeed(stage.client().auth.refreshSession({ refresh_token }));
  expect(refreshed.session?.user.id).toBe(session.user.id);
});

test('an unknown refresh token answers refresh_token_not_found', async () => {
  const answer = stage.client().auth.refreshSession({ refresh_token: 'current-refresh-token' });
  expect(await failure(answer)).toEqual({
    name: 'AuthApiError',
    message: 'Invalid Refresh Token: Refresh Token Not Found',
    status: 400,
    code: 'refresh_token_not_found',
  });
});

test('setSession takes over a session, and refreshes it where the token has expired', async () => {
  const { session } = await newSignedIn(stage);
  const { access_token, refresh_token } = session;
  const fresh = stage.client();
  expect((await succeed(fresh.auth.setSession({ access_token, refresh_token }))).user?.id).toBe(
    session.user.id,
  );
  const expired = [
    access_token.split('.')[0],
    Buffer.from(JSON.stringify({ ...decodeJwt(access_token), exp: 1_700_000_000 })).toString('base64url'),
    access_token.split('.')[2],
  ].join('.');
  const renewed = await succeed(stage.client().auth.setSession({ access_token: expired, refresh_token }));
  expect(renewed.session?.access_token).not.toBe(access_token);
  expect(renewed.user?.id).toBe(session.user.id);
});

test('getSession refreshes an expired session once, though it is asked for five times', async () => {
  const storage = memory();
  const { client } = await signIn(stage, await createPerson(stage), stage.client({ storage }));
  expire(storage);
  const before = stage.requests.length;
  const sessions = await Promise.all(Array.from({ length: 5 }, () => succeed(client.auth.getSession())));
  expect(new Set(sessions.map(({ session }) => session?.access_token)).size).toBe(1);
  expect(stage.requests.slice(before)).toEqual(['POST /token?grant_type=refresh_token']);
});

test('two tabs share one storage: both refresh an expired session at once, and both stay signed in', async () => {
  const storage = memory();
  const person = await createPerson(stage);
  const one = stage.client({ storage });
  await signIn(stage, person, one);
  const other = stage.client({ storage });
  await other.auth.getSession();
  expire(storage);
  const both = await Promise.all([one, other].map((tab) => succeed(tab.auth.refreshSession())));
  expect(both.map(({ user }) => user?.email)).toEqual([person.email, person.email]);
  await sleep(50);
  for (const tab of [one, other]) {
    await succeed(tab.auth.refreshSession());
    expect((await succeed(tab.auth.getUser())).user.email).toBe(person.email);
  }
});

test('signOut ends this session, all others, or every session', async () => {
  const person = await createPerson(stage);
  const clients = await Promise.all(Array.from({ length: 3 }, () => signIn(stage, person)));
  const [first, second, third] = clients.map(({ client }) => client.auth) as [Auth, Auth, Auth];
  const isAlive = async (index: number) => {
    const { error } = await stage.client().auth.getUser(clients[index]?.session.access_token);
    return error === null;
  };
  await complete(first.signOut({ scope: 'local' }));
  expect(await Promise.all([0, 1, 2].map(isAlive))).toEqual([false, true, true]);
  await complete(second.signOut({ scope: 'others' }));
  expect(await Promise.all([0, 1, 2].map(isAlive))).toEqual([false, true, false]);
  await complete(second.signOut());
  expect(await Promise.all([0, 1, 2].map(isAlive))).toEqual([false, false, false]);
  // Its session has ended before: the client forgets it and does not complain.
  await complete(third.signOut());
  expect((await succeed(third.getSession())).session).toBeNull();
});

test('getUser says that the session is missing after it ended elsewhere', async () => {
  const { client, session } = await newSignedIn(stage);
  await complete((await stage.admin()).auth.admin.signOut(session.access_token));
  const { name, message } = await failure(client.auth.getUser());
  expect([name, message]).toEqual(['AuthSessionMissingError', 'Auth session missing!']);
});

test('getClaims verifies the token with the published keys, without asking for the user', async () => {
  const { client, user } = await newSignedIn(stage);
  const before = stage.requests.length;
  const verified = await succeed(client.auth.getClaims());
  expect([verified?.claims.sub, verified?.claims.role, verified?.header.alg]).toEqual([
    user.id,
    'authenticated',
    'ES256',
  ]);
  expect(stage.requests.slice(before)).toEqual(['GET /.well-known/jwks.json']);
});

test('getClaims refuses a token whose claims were changed', async () => {
  const { client, session } = await newSignedIn(stage);
  const [header, , signature] = session.access_token.split('.');
  const claims = { ...decodeJwt(session.access_token), role: 'service_role' };
  const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  expect((await failure(client.auth.getClaims(forged))).name).toBe('AuthInvalidJwtError');
});

/** Makes a stored session look expired, as a tab finds it after the night. */
function expire({ items }: ReturnType<typeof memory>): void {
  for (const [key, value] of items) {
    const session = JSON.parse(value) as { expires_at?: number };
    if (session.expires_at !== undefined)
      items.set(key, JSON.stringify({ ...session, expires_at: Math.floor(Date.now() / 1000) - 60 }));
  }
}
