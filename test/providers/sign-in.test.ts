import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, signUp } from '../support/gateway.ts';
import { createBrowser } from '../support/providers/oidc-server.ts';
import { fragmentOf, openProviderStage, pkce, SITE } from '../support/providers/stage.ts';

const stage = forFile(() => openProviderStage());

const errorOf = (url: URL) => ({
  query: Object.fromEntries(url.searchParams),
  fragment: fragmentOf(url),
});

test('a person signs in with PKCE, and is the same person in GraphQL', async () => {
  const { sub, email } = stage.person('ann');
  const session = await stage.signIn('ann');
  expect(session).toMatchObject({ token_type: 'bearer', provider_token: expect.any(String) });
  expect(session.provider_refresh_token).toEqual(expect.any(String));
  expect(session.user).toMatchObject({
    email,
    email_confirmed_at: expect.any(String),
    app_metadata: { provider: 'local', providers: ['local'] },
    user_metadata: { email, full_name: 'ann Other', iss: stage.oidc.url },
    identities: [
      {
        id: sub,
        provider: 'local',
        email,
        identity_data: {
          email,
          email_verified: true,
          full_name: 'ann Other',
          iss: stage.oidc.url,
          name: 'ann Other',
          phone_verified: false,
          provider_id: sub,
          sub,
        },
      },
    ],
  });
  const { me } = await stage.gateway.graphql<{ me: object }>(ME, {}, bearer(session.access_token));
  expect(me).toMatchObject({ id: session.user.id, email, name: 'ann Other', emailVerified: true });
});

test('without PKCE the session comes back in the fragment, never in the query', async () => {
  stage.person('ann');
  const back = await stage.visit(`/authorize?provider=local&redirect_to=${SITE}/deep?q=1`);
  expect(back.href.split('#')[0]).toBe(`${SITE}/deep?q=1`);
  expect(fragmentOf(back)).toEqual({
    access_token: expect.any(String),
    expires_at: expect.any(String),
    expires_in: expect.any(String),
    provider_refresh_token: expect.any(String),
    provider_token: expect.any(String),
    refresh_token: expect.any(String),
    sb: '',
    token_type: 'bearer',
  });
});

test('the second sign-in is the same account', async () => {
  stage.person('ann');
  const [first, second] = [await stage.signIn('ann'), await stage.signIn('ann')];
  expect(second.user.id).toBe(first.user.id);
});

test('two first sign-ins at once make one account', async () => {
  for (let round = 0; round < 3; round += 1) {
    stage.person('ann');
    const sessions = await Promise.all(Array.from({ length: 6 }, () => stage.signIn('ann')));
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBe(1);
  }
});

test('another address at the provider does not lead to another account', async () => {
  const { sub } = stage.person('ann');
  const first = await stage.signIn('ann');
  const other = stage.person('bob');
  await stage.signIn('bob');
  stage.person('ann');
  stage.oidc.people.set('ann', { sub, email: other.email, email_verified: true });
  const again = await stage.signIn('ann');
  expect(again.user.id).toBe(first.user.id);
  expect(again.user.email).toBe(first.user.email);
});

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
    ...[
      'client_id',
      'CLIENT_SECRET',
      'redirect_uri',
      'response_type',
      'Response_Mode',
      'scope',
      'state',
      'nonce',
    ],
    ...['code_challenge', 'code_verifier', 'request', 'request_uri', 'redirect_to', 'skip_http_redirect'],
  ];
  const query = reserved
    .filter((name) => name !== 'code_challenge')
    .map((name) => `${name}=evil`)
    .join('&');
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

const state = (query: Record<string, string>) => ({ error: 'invalid_request', ...query });

test.each([
  [
    'no state',
    'code=abc',
    state({ error_code: 'bad_oauth_callback', error_description: 'OAuth state parameter missing' }),
  ],
  [
    'a state of another form',
    'state=nonsense&code=abc',
    state({ error_code: 'bad_oauth_state', error_description: 'OAuth state parameter is invalid' }),
  ],
  [
    'an unknown state',
    'state=6a6e9c6d-2f6b-4d3c-9a53-6a6f6f8f1c11&code=abc',
    state({ error_code: 'bad_oauth_state', error_description: 'OAuth state not found or expired' }),
  ],
])('/callback with %s leads to the site', async (_title, query, expected) => {
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
  expect(errorOf(new URL(back.headers.get('location') ?? ''))).toEqual({
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

test.each<[string, () => void]>([
  [
    'is for another audience',
    () => {
      stage.oidc.twist = (claims) => ({ ...claims, aud: 'another' });
    },
  ],
  [
    'has expired',
    () => {
      stage.oidc.twist = (claims) => ({ ...claims, exp: 1 });
    },
  ],
  [
    'is of another sign-in',
    () => {
      stage.oidc.twist = (claims) => ({ ...claims, nonce: 'another' });
    },
  ],
])('an ID token that %s signs no one in', async (_title, twist) => {
  stage.person('ann');
  twist();
  const back = await stage.visit('/authorize?provider=local');
  stage.oidc.twist = null;
  expect(errorOf(back).query).toEqual({
    error: 'server_error',
    error_code: 'unexpected_failure',
    error_description: 'Unable to exchange external code',
  });
  expect(back.hash).not.toContain('access_token');
});

test('a code that was made for another browser is refused by PKCE', async () => {
  stage.person('ann');
  const [victim, thief] = [createBrowser(), createBrowser()];
  const stolen = await stage.untilCallback('/authorize?provider=local', { browser: victim, as: 'ann' });
  const own = await stage.untilCallback('/authorize?provider=local', { browser: thief, as: 'ann' });
  own.searchParams.set('code', stolen.searchParams.get('code') ?? '');
  const back = await thief.visit(own);
  expect(back.headers.get('location')).toContain('server_error');
});

test('a code is exchanged once, of many exchanges at once, and a wrong verifier does not use it up', async () => {
  stage.person('ann');
  const { verifier, query } = pkce();
  const back = await stage.visit(`/authorize?provider=local&${query}`);
  const code = back.searchParams.get('code') ?? '';
  expect(await stage.exchange(code, pkce().verifier)).toMatchObject({ status: 400 });
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => stage.exchange(code, verifier)));
  expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(outcomes.filter(({ status }) => status === 404)).toHaveLength(19);
});

test("a provider's tokens are encrypted until the client takes them, and then gone", async () => {
  stage.person('ann');
  const { verifier, query } = pkce();
  const back = await stage.visit(`/authorize?provider=local&${query}`);
  const kept = await stage.gateway.sql<{ outcome: string }[]>`
    select outcome from portcullis_private.provider_attempts
    where outcome is not null order by created_at desc limit 1`;
  expect(kept).toHaveLength(1);
  expect(kept[0]?.outcome.split('.')).toHaveLength(5);
  const { body } = await stage.exchange(back.searchParams.get('code') ?? '', verifier);
  const { provider_token: token } = body as { provider_token: string };
  expect(kept[0]?.outcome).not.toContain(token);
  expect(stage.gateway.logged()).not.toContain(token);
  expect(
    await stage.gateway.sql`
      select from portcullis_private.provider_attempts where outcome = ${kept[0]?.outcome ?? ''}`,
  ).toHaveLength(0);
});

test('the session says how it was opened', async () => {
  stage.person('ann');
  const { access_token: token } = await stage.signIn('ann');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  expect(claims.amr).toEqual([{ method: 'oauth', provider: 'local', timestamp: expect.any(Number) }]);
});

test('a disabled account is not let in', async () => {
  stage.person('ann');
  const { user } = await stage.signIn('ann');
  await stage.gateway.sql`update portcullis.users set disabled_at = now() where id = ${user.id}`;
  const back = await stage.visit('/authorize?provider=local');
  expect(errorOf(back).query).toMatchObject({ error: 'access_denied', error_code: 'user_banned' });
});

test('an address that the provider has not verified signs no one in, and gets a mail, with an account and without', async () => {
  const { email } = await signUp(stage.gateway, newPerson()).then(({ user }) => user);
  await stage.gateway.sql`update portcullis.users set email_verified_at = now() where email = ${email}`;
  const backs: URL[] = [];
  for (const claims of [{ email }, {}]) {
    stage.person('eve', { ...claims, email_verified: false });
    backs.push(await stage.visit('/authorize?provider=local', { as: 'eve' }));
  }
  expect(backs[0]?.href).toBe(backs[1]?.href);
  expect(errorOf(backs[0] as URL)).toEqual({
    query: {
      error: 'access_denied',
      error_code: 'provider_email_needs_verification',
      error_description:
        'Unverified email with local. A confirmation email has been sent to your local email',
    },
    fragment: expect.objectContaining({ sb: '' }),
  });
  expect(
    await stage.gateway
      .sql`select from portcullis.identities i join portcullis.users u on u.id = i.user_id where u.email = ${email}`,
  ).toHaveLength(0);
});

test('a person without an address at the provider is told so', async () => {
  stage.oidc.people.set('ann', { sub: 'no-address' });
  const back = await stage.visit('/authorize?provider=local');
  expect(errorOf(back).query).toMatchObject({ error: 'server_error' });
});
