import type { JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { createBrowser } from '../support/providers/browser.ts';
import { openProviderStage, partsOf, pkce, SITE } from '../support/providers/stage.ts';

// The way back from the provider.

const stage = forFile(() => openProviderStage());

test.each([
  ['no state', 'code=abc', 'bad_oauth_callback', 'OAuth state parameter missing'],
  [
    'a state of another form',
    'state=nonsense&code=abc',
    'bad_oauth_state',
    'OAuth state parameter is invalid',
  ],
  [
    'an unknown state',
    'state=6a6e9c6d-2f6b-4d3c-9a53-6a6f6f8f1c11&code=abc',
    'bad_oauth_state',
    'OAuth state not found or expired',
  ],
])('/callback with %s leads to the site', async (_title, query, error_code, error_description) => {
  const expected = { error: 'invalid_request', error_code, error_description };
  for (const init of [{}, { method: 'POST' }]) {
    const response = await fetch(`${stage.gateway.url}/callback${init.method ? '' : `?${query}`}`, {
      ...init,
      redirect: 'manual',
      ...(init.method && { body: new URLSearchParams(query) }),
    });
    expect(response.status).toBe(303);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.origin).toBe(SITE);
    expect(Object.fromEntries(location.searchParams)).toEqual(expected);
  }
});

test('a state works once, with PKCE and without', async () => {
  stage.person('ann');
  for (const [query, error_code] of [
    ['', 'bad_oauth_state'],
    [`&${pkce().query}`, 'flow_state_already_used'],
  ]) {
    const browser = createBrowser();
    const callback = await stage.untilCallback(`/authorize?provider=local${query}`, { browser, as: 'ann' });
    expect((await browser.visit(callback)).status).toBe(302);
    const again = await browser.visit(callback);
    expect(again.status).toBe(303);
    expect(new URL(again.headers.get('location') ?? '').searchParams.get('error_code')).toBe(error_code);
  }
});

test('of many answers with one state at once, one signs in', async () => {
  stage.person('ann');
  const browser = createBrowser();
  const callback = await stage.untilCallback('/authorize?provider=local', { browser, as: 'ann' });
  const answers = await Promise.all(Array.from({ length: 10 }, () => browser.visit(callback)));
  const locations = answers.map(({ headers }) => headers.get('location') ?? '');
  expect(locations.filter((location) => location.includes('access_token='))).toHaveLength(1);
});

test('another browser cannot finish, and does not use the state up', async () => {
  stage.person('ann');
  const [browser, other] = [createBrowser(), createBrowser()];
  const callback = await stage.untilCallback('/authorize?provider=local', { browser, as: 'ann' });
  const strange = await stage.untilCallback('/authorize?provider=local', { browser: other, as: 'ann' });
  for (const stranger of [other, createBrowser()]) {
    const refused = await stranger.visit(callback);
    expect(refused.status).toBe(303);
    expect(refused.headers.get('location')).toContain('bad_oauth_state');
  }
  expect((await browser.visit(callback)).headers.get('location')).toContain('access_token=');
  expect((await other.visit(strange)).headers.get('location')).toContain('access_token=');
});

test('a state lives for five minutes', async () => {
  stage.person('ann');
  const browser = createBrowser();
  const callback = await stage.untilCallback('/authorize?provider=local', { browser, as: 'ann' });
  const [left] = await stage.gateway.sql`
    select extract(epoch from max(expires_at) - now())::int as seconds from portcullis_private.provider_attempts`;
  expect(left?.seconds).toBeGreaterThan(290);
  expect(left?.seconds).toBeLessThanOrEqual(300);
  await stage.gateway
    .sql`update portcullis_private.provider_attempts set expires_at = now() - interval '1 second'`;
  expect((await browser.visit(callback)).headers.get('location')).toContain('bad_oauth_state');
});

test('the cookie of a browser is out of reach for scripts, and no secret of the sign-in is stored', async () => {
  const browser = createBrowser();
  const response = await browser.visit(`${stage.gateway.url}/authorize?provider=local`);
  expect(response.headers.get('set-cookie')).toMatch(
    /^portcullis-provider-link=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const [secret = ''] = browser.cookiesOf(stage.gateway.url).values();
  const url = new URL(response.headers.get('location') ?? '');
  const rows = JSON.stringify(await stage.gateway.sql`select * from portcullis_private.provider_attempts`);
  for (const each of [secret, url.searchParams.get('state') ?? '', url.searchParams.get('nonce') ?? '']) {
    expect(each).not.toBe('');
    expect(rows).not.toContain(each);
    expect(stage.gateway.logged()).not.toContain(each);
  }
});

test("a provider's refusal leads back in query and fragment", async () => {
  const browser = createBrowser();
  const response = await browser.visit(`${stage.gateway.url}/authorize?provider=local`);
  const sent = new URL(response.headers.get('location') ?? '').searchParams.get('state');
  const refusal = `error=access_denied&error_description=${encodeURIComponent('The user said no\n<b>')}`;
  const back = await browser.visit(`${stage.gateway.url}/callback?state=${sent}&${refusal}`);
  expect(back.status).toBe(302);
  const expected = { error: 'access_denied', error_description: 'The user said no <b>' };
  expect(partsOf(new URL(back.headers.get('location') ?? ''))).toEqual({
    query: expected,
    fragment: { ...expected, sb: '' },
  });
});

test('an answer without a code is told so', async () => {
  const browser = createBrowser();
  const response = await browser.visit(`${stage.gateway.url}/authorize?provider=local`);
  const sent = new URL(response.headers.get('location') ?? '').searchParams.get('state');
  const back = await browser.visit(`${stage.gateway.url}/callback?state=${sent}`);
  expect(new URL(back.headers.get('location') ?? '').searchParams.get('error_code')).toBe(
    'bad_oauth_callback',
  );
});

test.each<[string, (claims: JWTPayload) => JWTPayload]>([
  ['is for another audience', (claims) => ({ ...claims, aud: 'another' })],
  ['has expired', (claims) => ({ ...claims, exp: 1 })],
  ['is of another sign-in', (claims) => ({ ...claims, nonce: 'another' })],
])('an ID token that %s does not sign in', async (_title, twist) => {
  stage.person('ann');
  stage.oidc.twist = twist;
  const back = await stage.visit('/authorize?provider=local');
  stage.oidc.twist = null;
  expect(partsOf(back).query).toEqual({
    error: 'server_error',
    error_code: 'unexpected_failure',
    error_description: 'Unable to exchange external code',
  });
  expect(back.hash).not.toContain('access_token');
});

test('a provider that changes its key goes on signing people in', async () => {
  stage.person('ann');
  const { user } = await stage.signIn('ann');
  await stage.oidc.rotateKey();
  const deadline = Date.now() + 25_000;
  for (;;) {
    const back = await stage.visit('/authorize?provider=local');
    if (back.hash.includes('access_token')) break;
    if (Date.now() > deadline) throw new Error('The new key was not found.');
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  expect((await stage.signIn('ann')).user.id).toBe(user.id);
}, 40_000);

test('a code that was made for another browser is refused by PKCE', async () => {
  stage.person('ann');
  const [victim, thief] = [createBrowser(), createBrowser()];
  const stolen = await stage.untilCallback('/authorize?provider=local', { browser: victim, as: 'ann' });
  const own = await stage.untilCallback('/authorize?provider=local', { browser: thief, as: 'ann' });
  own.searchParams.set('code', stolen.searchParams.get('code') ?? '');
  const back = await thief.visit(own);
  expect(back.headers.get('location')).toContain('server_error');
});
