import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  isSignedIn,
  LOGIN,
  logIn,
  ME,
  newPerson,
  SIGNUP,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

const LOGOUT = /* GraphQL */ `mutation Logout($input: LogoutInput) { logout(input: $input) { sessionsEnded } }`;
const SESSIONS = /* GraphQL */ `query Sessions { sessions { id current userAgent address createdAt lastUsedAt expiresAt } }`;
const REVOKE = /* GraphQL */ `mutation Revoke($input: RevokeSessionInput!) { revokeSession(input: $input) { sessionsEnded } }`;
const REFRESH = /* GraphQL */ `mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }`;

const gateway = forFile(() => startGateway());

/** Signs one person in on several devices. */
async function signInOn(devices: number): Promise<SignedInAnswer[]> {
  const person = newPerson();
  const first = await signUp(gateway, person);
  const others = [];
  for (let i = 1; i < devices; i++) others.push(await logIn(gateway, person));
  return [first, ...others];
}
const signedIn = (devices: SignedInAnswer[]) =>
  Promise.all(devices.map((device) => isSignedIn(gateway, device)));
const sessionsOf = async ({ accessToken }: SignedInAnswer) =>
  (await gateway.graphql<{ sessions: { id: string; current: boolean }[] }>(SESSIONS, {}, bearer(accessToken)))
    .sessions;

describe('logout', () => {
  test.each([
    ['LOCAL', [false, true, true], 1],
    ['OTHERS', [true, false, false], 2],
    ['GLOBAL', [false, false, false], 3],
  ])('with %s ends its sessions at once: invalid_refresh_token', async (scope, left, sessionsEnded) => {
    const devices = await signInOn(3);
    const [first] = devices as [SignedInAnswer];
    expect(await gateway.graphql(LOGOUT, { input: { scope } }, bearer(first.accessToken))).toEqual({
      logout: { sessionsEnded },
    });
    expect(await signedIn(devices)).toEqual(left);
    for (const [i, { refreshToken }] of devices.entries())
      if (!left[i])
        expect(await gateway.failure(REFRESH, { input: { refreshToken } })).toMatchObject([
          { extensions: { code: 'invalid_refresh_token' } },
        ]);
  });

  test('ends the session of a refresh token, also beside a bad access token', async () => {
    const devices = await signInOn(2);
    const [{ refreshToken }] = devices as [SignedInAnswer];
    expect(await gateway.graphql(LOGOUT, { input: { refreshToken } }, bearer('expired'))).toEqual({
      logout: { sessionsEnded: 1 },
    });
    expect(await signedIn(devices)).toEqual([false, true]);
    expect(await gateway.graphql(LOGOUT, { input: { refreshToken } })).toEqual({
      logout: { sessionsEnded: 0 },
    });
    expect(await gateway.graphql(LOGOUT, { input: { refreshToken: 'rubbish' } })).toEqual({
      logout: { sessionsEnded: 0 },
    });
  });

  test('with a refresh token and the scope GLOBAL or OTHERS answers unauthenticated', async () => {
    const devices = await signInOn(2);
    const [{ refreshToken }] = devices as [SignedInAnswer];
    for (const scope of ['GLOBAL', 'OTHERS'])
      expect(await gateway.failure(LOGOUT, { input: { scope, refreshToken } })).toMatchObject([
        { extensions: { code: 'unauthenticated' } },
      ]);
    expect(await signedIn(devices)).toEqual([true, true]);
    expect(await gateway.failure(LOGOUT)).toMatchObject([{ extensions: { code: 'unauthenticated' } }]);
  });

  test('is recorded with the IP address', async () => {
    const [device] = (await signInOn(1)) as [SignedInAnswer];
    await gateway.graphql(LOGOUT, {}, bearer(device.accessToken));
    const events =
      await gateway.sql`select action, outcome, host(address) as address from portcullis.security_events
      where user_id = ${device.user.id} and action in ('signup', 'logout') order by created_at, id`;
    expect(events).toEqual([
      { action: 'signup', outcome: 'success', address: '127.0.0.1' },
      { action: 'logout', outcome: 'success', address: '127.0.0.1' },
    ]);
  });
});

describe('sessions and revokeSession', () => {
  test('sessions lists the current user’s sessions with their device, and marks the current session', async () => {
    const devices = await signInOn(2);
    await signInOn(1);
    const [first] = devices as [SignedInAnswer];
    const sessions = await sessionsOf(first);
    expect(sessions).toHaveLength(2);
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    expect(sessions[0]).toMatchObject({
      address: '127.0.0.1',
      userAgent: expect.any(String),
    });
    expect(await gateway.failure(SESSIONS)).toMatchObject([{ extensions: { code: 'unauthenticated' } }]);
  });

  test('revokeSession ends another session of the user, and answers not_found for other users’ sessions', async () => {
    const devices = await signInOn(2);
    const [stranger] = (await signInOn(1)) as [SignedInAnswer];
    const [first] = devices as [SignedInAnswer];
    const other = (await sessionsOf(first)).find(({ current }) => !current);
    const input = { sessionId: other?.id };
    expect(await gateway.failure(REVOKE, { input }, bearer(stranger.accessToken))).toMatchObject([
      { extensions: { code: 'not_found', attribute: 'sessionId' } },
    ]);
    expect(await gateway.graphql(REVOKE, { input }, bearer(first.accessToken))).toEqual({
      revokeSession: { sessionsEnded: 1 },
    });
    expect(await signedIn(devices)).toEqual([true, false]);
    expect(await gateway.failure(REVOKE, { input }, bearer(first.accessToken))).toMatchObject([
      { extensions: { code: 'not_found' } },
    ]);
    expect(
      await gateway.failure(REVOKE, { input: { sessionId: 'x' } }, bearer(first.accessToken)),
    ).toMatchObject([{ extensions: { code: 'invalid', attribute: 'sessionId' } }]);
  });
});

describe('the refresh cookie', () => {
  const page = 'https://app.example.com';
  let browser: TestGateway;
  beforeAll(async () => {
    browser = await startGateway({ env: { REFRESH_COOKIE: 'lax', CORS_ORIGINS: page } });
  });
  afterAll(() => browser.close());

  const send = async (query: string, variables: object, headers: Record<string, string>) => {
    const { headers: answered, body } = await browser.post('/graphql', { query, variables }, headers);
    const cookie = answered.getSetCookie();
    return {
      cookie,
      answered,
      body: body as { data?: Record<string, never>; errors?: { extensions: { code: string } }[] },
    };
  };
  const code = ({ body }: { body: { errors?: { extensions: { code: string } }[] } }) =>
    body.errors?.[0]?.extensions.code;
  const signUpByCookie = async (headers: Record<string, string> = { origin: page }) =>
    send(SIGNUP, { input: { ...newPerson(), cookie: true } }, headers);
  const pair = (cookie: string[]) => cookie[0]?.split(';')[0] ?? '';

  test('is HttpOnly and holds the refresh token, which the answer leaves out', async () => {
    const { cookie, body, answered } = await signUpByCookie();
    expect(cookie).toHaveLength(1);
    expect(cookie[0]).toMatch(
      /^__Host-portcullis-refresh=prt_[\w-]{87}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(body.data?.signup).toMatchObject({ refreshToken: null, accessToken: expect.any(String) });
    expect(answered.get('access-control-allow-origin')).toBe(page);
    expect(answered.get('access-control-allow-credentials')).toBe('true');
  });

  test('is exchanged by refresh and cleared by logout', async () => {
    const first = await signUpByCookie();
    const second = await send(REFRESH, {}, { origin: page, cookie: pair(first.cookie) });
    expect(second.body.data?.refresh).toMatchObject({ refreshToken: null });
    expect(pair(second.cookie)).not.toBe(pair(first.cookie));
    const out = await send(LOGOUT, {}, { origin: page, cookie: pair(second.cookie) });
    expect(out.body).toEqual({ data: { logout: { sessionsEnded: 1 } } });
    expect(out.cookie[0]).toMatch(/^__Host-portcullis-refresh=; Max-Age=0;/);
    expect(code(await send(REFRESH, {}, { origin: page, cookie: pair(second.cookie) }))).toBe(
      'invalid_refresh_token',
    );
  });

  test('answers cross_site_request to refresh, logout and signup from a page of another origin', async () => {
    const { cookie } = await signUpByCookie();
    for (const origin of ['https://evil.example', `${page}.evil.example`, 'null', 'http://app.example.com']) {
      expect(code(await send(REFRESH, {}, { origin, cookie: pair(cookie) }))).toBe('cross_site_request');
      expect(code(await send(LOGOUT, {}, { origin, cookie: pair(cookie) }))).toBe('cross_site_request');
      expect(code(await signUpByCookie({ origin }))).toBe('cross_site_request');
    }
    expect(code(await send(REFRESH, {}, { cookie: pair(cookie) }))).toBe('cross_site_request');
    expect(code(await send(REFRESH, {}, { origin: page, cookie: pair(cookie) }))).toBeUndefined();
  });

  test('works through Hasura, which sends the page’s origin in x-forwarded-origin', async () => {
    const hasura = { 'x-hasura-gateway-secret': browser.secret, 'x-hasura-role': 'anonymous' };
    const first = await signUpByCookie({ ...hasura, 'x-forwarded-origin': page });
    const cookie = pair(first.cookie);
    expect(cookie).toContain('prt_');
    const second = await send(REFRESH, {}, { ...hasura, cookie, 'x-forwarded-origin': page });
    expect(second.body.data?.refresh).toMatchObject({ refreshToken: null });
    const spoofed = {
      ...hasura,
      cookie: pair(second.cookie),
      origin: page,
      'x-forwarded-origin': 'https://evil.example',
    };
    expect(code(await send(REFRESH, {}, spoofed))).toBe('cross_site_request');
  });

  test('x-forwarded-origin counts only with Hasura’s secret: cross_site_request', async () => {
    const { cookie } = await signUpByCookie();
    const headers = { origin: 'https://evil.example', 'x-forwarded-origin': page, cookie: pair(cookie) };
    expect(code(await send(REFRESH, {}, headers))).toBe('cross_site_request');
  });

  test('logout ends the access token’s session although the request has the cookie of an ended session', async () => {
    const old = await signUpByCookie();
    await send(LOGOUT, {}, { origin: page, cookie: pair(old.cookie) });
    const person = newPerson();
    const { body } = await send(SIGNUP, { input: person }, { origin: page });
    const { accessToken } = (body.data as unknown as { signup: SignedInAnswer }).signup;
    const out = await send(LOGOUT, {}, { origin: page, cookie: pair(old.cookie), ...bearer(accessToken) });
    expect(out.body).toEqual({ data: { logout: { sessionsEnded: 1 } } });
    expect(await browser.failure(ME, {}, bearer(accessToken))).toMatchObject([
      { extensions: { code: 'unauthenticated' } },
    ]);
  });

  test('is not set by a failed login', async () => {
    const input = { email: newPerson().email, password: 'wrong password', cookie: true };
    const failed = await send(LOGIN, { input }, { origin: page });
    expect(code(failed)).toBe('invalid_credentials');
    expect(failed.cookie).toEqual([]);
  });

  test('signup with a cookie answers feature_disabled if cookies are off', async () => {
    expect(
      await gateway.failure(SIGNUP, { input: { ...newPerson(), cookie: true } }, { origin: page }),
    ).toMatchObject([{ extensions: { code: 'feature_disabled', attribute: 'cookie' } }]);
  });
});
