import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { createBrowser } from '../support/providers/browser.ts';
import { openProviderStage, pkce, SITE } from '../support/providers/stage.ts';

// The way to the provider.

const stage = forFile(() => openProviderStage());

test('the way to the provider has a state of its own, PKCE, a nonce, and the parameters of the client', async () => {
  const query = 'provider=local&prompt=login&scopes=groups%20phone&hd=example.com';
  const urls = await Promise.all(
    [1, 2].map(async () => {
      const response = await createBrowser().visit(`${stage.gateway.url}/authorize?${query}`);
      expect(response.status).toBe(302);
      expect(response.headers.get('cache-control')).toBe('no-store');
      return new URL(response.headers.get('location') ?? '');
    }),
  );
  expect(Object.fromEntries(urls[0]?.searchParams ?? [])).toEqual({
    client_id: stage.oidc.clientId,
    redirect_uri: `${stage.gateway.url}/callback`,
    response_type: 'code',
    scope: 'openid email profile groups phone',
    state: expect.stringMatching(/^[0-9a-f-]{36}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    prompt: 'login',
    hd: 'example.com',
  });
  expect(urls[0]?.searchParams.get('state')).not.toBe(urls[1]?.searchParams.get('state'));
});

test('a client cannot set the parameters that protect the sign-in', async () => {
  const reserved = [
    ...['client_id', 'CLIENT_SECRET', 'redirect_uri', 'response_type', 'Response_Mode', 'scope', 'state'],
    ...['nonce', 'code_verifier', 'request', 'request_uri', 'redirect_to', 'skip_http_redirect'],
  ];
  const query = reserved.map((name) => `${name}=evil`).join('&');
  const response = await createBrowser().visit(`${stage.gateway.url}/authorize?provider=local&${query}`);
  expect(response.headers.get('location')).not.toContain('evil');
});

test.each([
  ['provider=', 'Unsupported provider: Provider  could not be found'],
  ['provider=nowhere', 'Unsupported provider: Provider nowhere could not be found'],
  ['provider=local&code_challenge=x', 'PKCE flow requires code_challenge_method and code_challenge'],
])('/authorize refuses %s', async (query, msg) => {
  const response = await fetch(`${stage.gateway.url}/authorize?${query}`, { redirect: 'manual' });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ code: 400, error_code: 'validation_failed', msg });
});

test('an unknown invitation is refused before the provider is asked', async () => {
  const response = await fetch(`${stage.gateway.url}/authorize?provider=local&invite_token=nonsense`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error_code: 'user_not_found' });
});

test('a target that is not allowed is the site instead', async () => {
  stage.person('ann');
  const back = await stage.visit(
    `/authorize?provider=local&${pkce().query}&redirect_to=https://evil.example.com/x`,
  );
  expect(back.origin).toBe(SITE);
});

test('the referrer is not a way out', async () => {
  stage.person('ann');
  const browser = createBrowser();
  const begun = await browser.visit(`${stage.gateway.url}/authorize?provider=local&login_hint=ann`, {
    headers: { referer: 'https://evil.example.com/' },
  });
  const back = await browser.follow(begun.headers.get('location') ?? '', SITE);
  expect(back.origin).toBe(SITE);
});
