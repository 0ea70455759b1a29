import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newPerson } from '../support/gateway.ts';
import { readmeSection } from './blocks.ts';
import { openScene, type Scene } from './scene.ts';
import { codeOf } from './stage.ts';

// README, "From your frontend", "An httpOnly cookie": its two changes, made to its code.

const ORIGIN = 'https://app.example.com';
let scene: Scene;
let cookies: Map<string, string>;
beforeAll(async () => {
  scene = await openScene({ REFRESH_COOKIE: 'lax', CORS_ORIGINS: ORIGIN });
  cookies = fetchWithCookies();
});
afterAll(() => scene.close());

/** Makes `fetch` what it is in a page: it names the page's origin, and keeps cookies where the request includes them. */
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

test('with its two changes the refresh token is in the cookie, and all five operations work', async () => {
  const [, change = ''] = /`(new Request\(.*credentials: 'include' \}\))`/.exec(
    await readmeSection('From your frontend'),
  ) ?? [''];
  const { stage } = scene;
  const tab = await scene.openTab((code) => code.replace('new Request(HASURA, init)', change));
  const { email, password, name } = newPerson();
  await tab.signup({ email, password, name, cookie: true });
  await tab.login({ email, password, cookie: true });
  const [[cookie = '', token = ''] = []] = [...cookies];
  expect(tab.stored()).toMatchObject({ accessToken: expect.any(String), refreshToken: null });
  const next = await stage.expire(tab, decodeURIComponent(token));
  cookies.set(cookie, next);
  expect(await tab.query(tab.MINE)).toMatchObject({ me: { email } });
  expect(stage.sent('Refresh')).toBe(1);
  expect(tab.stored()).toMatchObject({ refreshToken: null });
  expect(cookies.get(cookie)).not.toBe(next);
  const { accessToken = '' } = tab.stored();
  await tab.logout();
  expect([tab.stored(), cookies.size]).toEqual([{}, 0]);
  tab.store({ accessToken });
  // Without a cookie there is nothing to refresh with.
  expect(await codeOf(tab.query('{ sessions { id } }'))).toBe('unauthenticated');
  expect(tab.stored()).toEqual({});
});
