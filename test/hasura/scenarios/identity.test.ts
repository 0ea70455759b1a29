import { describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { codes, join, LOGIN, ME, openStage } from './frontend.ts';

// As which user Hasura handles a request, and which of its headers reach the gateway.

const APP = 'https://app.example.com';
const EVIL = 'https://evil.example';

const stage = forFile(() =>
  openStage({
    env: { REFRESH_COOKIE: 'lax', CORS_ORIGINS: APP },
    engine: { env: { HASURA_GRAPHQL_CORS_DOMAIN: APP } },
  }),
);

describe('roles', () => {
  test('a token allows only the role user: access-denied', async () => {
    const ada = await join(stage);
    for (const role of ['admin', 'anonymous', 'OWNER', 'User'])
      expect(await stage.as(ada.accessToken, { 'x-hasura-role': role }).refused(ME), role).toEqual([
        {
          message: 'Your requested role is not in allowed roles',
          extensions: { path: '$', code: 'access-denied' },
        },
      ]);
    expect(await stage.as(ada.accessToken, { 'x-hasura-role': 'user' }).run(ME)).toMatchObject({
      me: { id: ada.user.id },
    });
  });

  test('session variable headers beside a token are ignored', async () => {
    const [ada, bob] = [await join(stage), await join(stage)];
    const headers = { 'x-hasura-user-id': bob.user.id, 'x-hasura-gateway-secret': 'guessed' };
    expect(await stage.as(ada.accessToken, headers).run('{ me { id } portcullis_users { id } }')).toEqual({
      me: { id: ada.user.id },
      portcullis_users: [{ id: ada.user.id }],
    });
  });

  test('an invalid token answers invalid-jwt, also for a public field', async () => {
    const ada = await join(stage);
    const [head, , signature] = ada.accessToken.split('.');
    const admin = Buffer.from(JSON.stringify({ sub: ada.user.id })).toString('base64url');
    for (const token of ['rubbish', `${head}.${admin}.${signature}`])
      expect(await codes(stage.as(token).refused('{ authConfig { signup } }'))).toEqual(['invalid-jwt']);
  });
});

test('a client without a token gains no rights by session variable headers', async () => {
  const ada = await join(stage);
  for (const role of ['user', 'admin', 'anonymous']) {
    const page = stage.anonymous({
      'x-hasura-role': role,
      'x-hasura-user-id': ada.user.id,
      'x-hasura-team-role': 'OWNER',
      'x-hasura-gateway-secret': 'guessed',
    });
    expect(await page.run(ME)).toEqual({ me: null });
    for (const field of ['portcullis_users', 'portcullis_sessions', 'jwks'])
      expect(await codes(page.refused(`{ ${field} { id } }`)), field).toEqual(['validation-failed']);
    expect(await page.run('{ portcullis_cache { key } }')).toEqual({ portcullis_cache: [] });
  }
});

/** The preflight of a browser, before a page sends a header that is not a default one. */
async function preflight(origin: string) {
  const asked = {
    ...{ origin, 'access-control-request-method': 'POST' },
    'access-control-request-headers': 'x-forwarded-origin',
  };
  const { status, headers } = await fetch(stage.engine.url, { method: 'OPTIONS', headers: asked });
  return {
    status,
    origin: headers.get('access-control-allow-origin'),
    headers: headers.get('access-control-allow-headers'),
  };
}

describe('the refresh cookie', () => {
  const headers = { origin: APP };

  test('is set through Hasura for an allowed origin and refreshes without a token in the page', async () => {
    const { email, password } = await join(stage);
    const input = { email, password, cookie: true };
    const { cookies, data } = await stage.anonymous(headers).raw(LOGIN, { input });
    expect(data).toMatchObject({ login: { refreshToken: null } });
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-portcullis-refresh=[^;]+;.*HttpOnly.*Secure.*SameSite=Lax/i),
      expect.stringMatching(/^__Host-portcullis-device=[^;]+;.*HttpOnly.*Secure.*SameSite=Lax/i),
    ]);
    const cookie = cookies[0]?.split(';')[0] ?? '';
    const again = await stage.anonymous({ ...headers, cookie }).raw('mutation { refresh { accessToken } }');
    expect(again.data).toMatchObject({ refresh: { accessToken: expect.any(String) } });
    expect(again.cookies).toHaveLength(1);
  });

  test('is deleted by a logout, after which the old cookie answers invalid_refresh_token', async () => {
    const { email, password } = await join(stage);
    const { cookies } = await stage
      .anonymous(headers)
      .raw(LOGIN, { input: { email, password, cookie: true } });
    const cookie = cookies[0]?.split(';')[0] ?? '';
    const page = stage.anonymous({ ...headers, cookie });
    const left = await page.raw('mutation { logout { sessionsEnded } }');
    expect(left).toMatchObject({
      data: { logout: { sessionsEnded: 1 } },
      cookies: [expect.stringMatching(/^__Host-portcullis-refresh=;.*Max-Age=0/i)],
    });
    expect(await codes(page.refused('mutation { refresh { accessToken } }'))).toEqual([
      'invalid_refresh_token',
    ]);
  });

  test('is not set when the operation or one of its fields fails', async () => {
    const { email, password } = await join(stage);
    const wrong = { email, password: 'wrong', cookie: true };
    expect((await stage.anonymous(headers).raw(LOGIN, { input: wrong })).cookies).toEqual([]);
    const both = `mutation ($input: LoginInput!, $wrong: LoginInput!) {
      login(input: $input) { expiresAt }
      again: login(input: $wrong) { expiresAt }
    }`;
    const answer = await stage.anonymous(headers).raw(both, { input: { ...wrong, password }, wrong });
    expect(answer).toMatchObject({ data: null, errors: [{ path: ['again'] }], cookies: [] });
  });

  test('is refused to pages of other origins: cross_site_request', async () => {
    const { email, password } = await join(stage);
    const input = { email, password, cookie: true };
    for (const origin of [EVIL, 'null'])
      expect(await codes(stage.anonymous({ origin }).refused(LOGIN, { input }))).toEqual([
        'cross_site_request',
      ]);
    const copied = stage.anonymous({ 'x-forwarded-origin': EVIL });
    expect(await codes(copied.refused(LOGIN, { input }))).toEqual(['cross_site_request']);
  });

  test('is set for an allowed x-forwarded-origin, which CORS forbids pages of other origins to send', async () => {
    const { email, password } = await join(stage);
    const input = { email, password, cookie: true };
    const page = stage.anonymous({ origin: EVIL, 'x-forwarded-origin': APP });
    expect((await page.raw(LOGIN, { input })).cookies).toHaveLength(2);
    expect(await preflight(APP)).toEqual({ status: 204, origin: APP, headers: 'x-forwarded-origin' });
    for (const origin of [EVIL, 'null', `${APP}.evil.example`])
      expect(await preflight(origin), origin).toEqual({ status: 404, origin: null, headers: null });
  });
});

test('a session stores the user agent of the browser, not that of Hasura', async () => {
  const { email, password } = await join(stage);
  const page = stage.anonymous({ 'user-agent': 'Firefox' });
  const { login } = await page.run<{ login: { accessToken: string } }>(LOGIN, { input: { email, password } });
  const { sessions } = await stage
    .as(login.accessToken)
    .run<{ sessions: { current: boolean; userAgent: string }[] }>('{ sessions { current userAgent } }');
  expect(sessions.find(({ current }) => current)).toMatchObject({ userAgent: 'Firefox' });
});
