import type { TransactionSql } from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { LoginDocument } from '../../hasura/frontend/operations.ts';
import { newPerson } from '../support/gateway.ts';
import { sectionOf } from './blocks.ts';
import { openScene, type Scene } from './scene.ts';
import { codeOf, holdingSession, NEW_TEAM, type Stage } from './stage.ts';
import type { Tab, Tokens } from './tabs.ts';

// The files of hasura/frontend with the two changes of hasura/frontend/README.md, "Refresh token in a cookie".

const ORIGIN = 'https://app.example.com';
let scene: Scene;
let stage: Stage;
let tab: Tab;
let cookies: Map<string, string>;
beforeAll(async () => {
  scene = await openScene({ REFRESH_COOKIE: 'lax', CORS_ORIGINS: ORIGIN });
  stage = scene.stage;
  cookies = fetchWithCookies();
});
afterAll(() => scene.close());
beforeEach(async () => {
  const [, change = ''] = /`(new Request\(.*credentials: 'include' \}\))`/.exec(
    await sectionOf('hasura/frontend/README.md', 'Refresh token in a cookie'),
  ) ?? [''];
  tab = await scene.openTab((code) => code.replace('new Request(HASURA, init)', change));
});
afterEach(() => {
  scene.reset();
  cookies.clear();
});

/** Makes `fetch` act as in a page: it sends the page's origin, and keeps cookies if the request includes credentials. */
function fetchWithCookies(): Map<string, string> {
  const jar = new Map<string, string>();
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', async (request: Request) => {
    request.headers.set('origin', ORIGIN);
    const included = request.credentials === 'include';
    if (included) request.headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '));
    const response = await fetch(request);
    for (const line of included ? response.headers.getSetCookie() : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  });
  return jar;
}

/** Signs up a new person with the refresh token in a cookie. */
async function signUp(): Promise<{ email: string; password: string }> {
  const { email, password, name } = newPerson();
  await tab.signup({ email, password, name, cookie: true });
  return { email, password };
}

/** The refresh token in the cookie. */
const kept = () => decodeURIComponent([...cookies.values()][0] ?? '');

/** Lets the tab's access token expire, and sets the cookie to the next refresh token. */
async function expire(): Promise<string> {
  const next = await stage.expire(tab, kept());
  for (const name of cookies.keys()) cookies.set(name, next);
  return next;
}

/** Acts while the signed-in person refreshes: they create a team with an expired token, and their refresh waits. */
async function duringRefresh(
  act: (sql: TransactionSql) => Promise<unknown>,
): Promise<{ was: unknown; stored: Tokens }> {
  await expire();
  const { asked, stored } = await holdingSession(stage, tab, async (sql) => {
    const asked = codeOf(tab.query(NEW_TEAM));
    await expect.poll(() => stage.sent('Refresh')).toBe(1);
    await act(sql);
    return { asked, stored: tab.stored() };
  });
  return { was: await asked, stored };
}

test('with the two changes the refresh token is in a cookie, and all five operations work', async () => {
  const { email, password } = await signUp();
  await tab.login({ email, password, cookie: true });
  expect(tab.stored()).toMatchObject({ accessToken: expect.any(String), refreshToken: null });
  const next = await expire();
  expect(await tab.query(tab.MINE)).toMatchObject({ me: { email } });
  expect(stage.sent('Refresh')).toBe(1);
  expect(tab.stored()).toMatchObject({ refreshToken: null });
  expect(kept()).not.toBe(next);
  const { accessToken = '' } = tab.stored();
  await tab.logout();
  // The device cookie stays, so that this browser stays known.
  expect([tab.stored(), [...cookies.keys()]]).toEqual([{}, ['__Host-portcullis-device']]);
  tab.store({ accessToken });
  // Without a cookie the tab cannot refresh.
  expect(await codeOf(tab.query('{ sessions { id } }'))).toBe('unauthenticated');
  expect(tab.stored()).toEqual({});
});

test('a login by a typed document sets the cookie too', async () => {
  const { email, password } = await signUp();
  cookies.clear();
  const { login } = await tab.anonymous.request<{ login: Tokens }>(LoginDocument, {
    input: { email, password, cookie: true },
  });
  tab.store(login);
  await expire();
  expect(await tab.client.request('{ me { email } }')).toEqual({ me: { email } });
});

test('a person who signs in during another person’s refresh stays signed in and repeats no request', async () => {
  await signUp();
  let bob = { email: '' };
  const { was, stored } = await duringRefresh(async () => {
    bob = await signUp();
  });
  expect(was).toBe('invalid-jwt');
  expect(tab.stored()).toEqual(stored);
  expect(await tab.query('{ me { email memberships { role } } }')).toEqual({
    me: { email: bob.email, memberships: [] },
  });
});

test('a refresh with the cookie of another person signs the tab out', async () => {
  await signUp();
  let bobs = '';
  await duringRefresh(async () => {
    await signUp();
    bobs = kept();
  });
  expect(kept()).not.toBe(bobs);
  await stage.expire(tab, bobs);
  expect(await codeOf(tab.query(NEW_TEAM))).toBe('invalid-jwt');
  expect(tab.stored()).toEqual({});
});

test('a refused refresh does not sign out a person who has signed in since', async () => {
  await signUp();
  const { was, stored } = await duringRefresh(async (sql) => {
    await sql`update portcullis.sessions set revoked_at = now() where user_id = ${tab.stored().user?.id ?? ''}`;
    await signUp();
  });
  expect(was).toBe('invalid-jwt');
  expect(stored.user).toBeDefined();
  expect(tab.stored()).toEqual(stored);
});

test('a person who logs out during a refresh stays logged out, and their session ends', async () => {
  await signUp();
  const { user } = tab.stored();
  let left: Promise<void> | undefined;
  const { was } = await duringRefresh(async () => {
    left = tab.logout();
  });
  await left;
  expect([was, tab.stored()]).toEqual(['invalid-jwt', {}]);
  const open = await stage.gateway.sql`
    select id from portcullis.sessions where user_id = ${user?.id ?? ''} and revoked_at is null`;
  expect(open).toHaveLength(0);
});

test('a person who signs in after another person’s logout during a refresh stays signed in', async () => {
  await signUp();
  let left: Promise<void> | undefined;
  const { stored } = await duringRefresh(async () => {
    left = tab.logout();
    await signUp();
  });
  await left;
  expect(stored.user).toBeDefined();
  expect(tab.stored()).toEqual(stored);
});
