import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { logIn, newPerson, PUBLIC_URL, signUp, startGateway } from '../support/gateway.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, send, type WireAnswer } from './wire.ts';

// POST /token by a password and by a refresh token.

const gateway = forFile(() =>
  startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_LOGIN_PER_ADDRESS: '1000/60' } }),
);
const replica = forFile(() => startGateway({ replicaOf: gateway }));

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
});

type Session = { access_token: string; refresh_token: string; user: { id: string } };

const grant = (type: string, body: unknown, headers: Record<string, string> = {}): Promise<WireAnswer> =>
  send(gateway, 'POST', `/token?grant_type=${type}`, { body, headers });
const byPassword = (body: object = {}): Promise<WireAnswer> =>
  grant('password', { email: ada.person.email, password: ada.person.password, ...body });
const byRefresh = (refresh_token: unknown): Promise<WireAnswer> => grant('refresh_token', { refresh_token });
const sessionOf = ({ status, body }: WireAnswer): Session => {
  expect(status).toBe(200);
  return body as Session;
};
/** Makes all exchanges of a person's sessions look older than the reuse interval. */
const passInterval = (at: Member) => gateway.sql`
  update portcullis_private.refresh_tokens t set rotated_at = rotated_at - interval '31 seconds', user_agent = 'other'
  from portcullis.sessions s where s.id = t.session_id and s.user_id = ${at.user.id} and rotated_at is not null`;

describe('a password', () => {
  test('opens a session, with the keys in the order of GoTrue', async () => {
    const answer = await byPassword();
    expect(Object.keys(answer.body as object)).toEqual([
      ...['access_token', 'token_type', 'expires_in', 'expires_at', 'refresh_token', 'user', 'weak_password'],
    ]);
    const left = expect.closeTo(900, -0.5);
    expect(answer.body).toMatchObject({ token_type: 'bearer', expires_in: left, weak_password: null });
    const session = sessionOf(answer);
    const user = await send(gateway, 'GET', '/user', { headers: bearer(session.access_token) });
    expect(user).toMatchObject({ status: 200, body: session.user });
    expect(session.user).toMatchObject({ last_sign_in_at: expect.any(String) });
    const { headers } = answer;
    expect(headers.get('sb-auth-user-id')).toBe(ada.user.id);
    expect(headers.get('sb-auth-session-id')).toBe(decodeJwt(session.access_token).session_id);
    expect(session.refresh_token.startsWith(headers.get('sb-auth-refresh-token-prefix') ?? '?')).toBe(true);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('opens it for a token with the claims of GoTrue and of Hasura, which the keys verify', async () => {
    const { access_token, user } = sessionOf(await byPassword());
    const keys = createRemoteJWKSet(new URL(`${gateway.url}/gotrue/.well-known/jwks.json`));
    const options = { issuer: PUBLIC_URL, audience: 'authenticated' };
    const { payload } = await jwtVerify(access_token, keys, options);
    expect(payload).toMatchObject({
      ...{ sub: user.id, email: ada.person.email, phone: '', role: 'authenticated', aal: 'aal1' },
      amr: [{ method: 'password', timestamp: expect.any(Number) }],
      ...{ session_id: payload.sid, is_anonymous: false, user_metadata: {}, aud: 'authenticated' },
      app_metadata: { provider: 'email', providers: ['email'] },
      'https://hasura.io/jwt/claims': { 'x-hasura-user-id': user.id, 'x-hasura-session-id': payload.sid },
    });
  });

  test('opens a session of its own each time, for any spelling of the address and any media type', async () => {
    const body = JSON.stringify({ email: ada.person.email.toUpperCase(), password: ada.person.password });
    const headers = { 'content-type': 'text/plain' };
    const [one, two] = [await byPassword(), await grant('password', body, headers)].map(sessionOf);
    expect(one?.refresh_token).not.toBe(two?.refresh_token);
    const rows = await gateway.sql`select from portcullis.sessions where user_id = ${ada.user.id}`;
    expect(rows).toHaveLength(3);
  });

  test('that is wrong, and an unknown address, answer with the same bytes after the same work', async () => {
    const attempt = async (body: object) => {
      const before = gateway.deps.hashGate.finished;
      const { status, headers, body: answered } = await byPassword({ password: 'wrong', ...body });
      const names = [...headers.keys()].filter((name) => name !== 'x-request-id');
      const work = gateway.deps.hashGate.finished - before;
      return { status, names, answered: JSON.stringify(answered), work };
    };
    await gateway.sql`delete from portcullis_private.passwords where user_id = ${(await verifiedPerson(gateway)).user.id}`;
    const wrong = await attempt({});
    expect(wrong).toMatchObject({ status: 400, work: 1 });
    expect(await attempt({ email: newPerson().email })).toEqual(wrong);
    expect(await attempt({ email: 'no address' })).toEqual(wrong);
    const body = '{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}';
    expect(wrong.answered).toBe(body);
  });

  test('tells of a ban, and of an unconfirmed address, only if it is right', async () => {
    const eve = await signUp(gateway, newPerson());
    const email = { email: eve.user.email };
    expectError(await byPassword(email), 400, 'email_not_confirmed', 'Email not confirmed');
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${eve.user.id}`;
    expectError(await byPassword(email), 400, 'user_banned', 'User is banned');
    const wrong = await byPassword({ ...email, password: 'wrong' });
    expectError(wrong, 400, 'invalid_credentials', 'Invalid login credentials');
  });

  test('that the rules would refuse today is told as weak', async () => {
    const strict = await startGateway({ replicaOf: gateway, env: { PASSWORD_MIN_LENGTH: '20' } });
    const { email, password } = ada.person;
    const { body } = await send(strict, 'POST', '/token?grant_type=password', { body: { email, password } });
    const weak_password = { message: 'Password should be at least 20 characters.', reasons: ['length'] };
    expect(body).toMatchObject({ weak_password });
    await strict.close();
  });

  test.each([
    [{ email: undefined }, 'validation_failed', 'missing email or phone'],
    [
      { phone: '15005551000' },
      'validation_failed',
      'Only an email address or phone number should be provided on login.',
    ],
    [{ password: undefined }, 'invalid_credentials', 'Invalid login credentials'],
    [{ password: '' }, 'invalid_credentials', 'Invalid login credentials'],
    [{ password: null }, 'invalid_credentials', 'Invalid login credentials'],
  ])('with a wrong body is refused: %j', async (body, code, message) => {
    expectError(await byPassword(body), 400, code, message);
  });

  test('locks the account after ten wrong ones: over_request_rate_limit', async () => {
    for (let i = 0; i < 10; i += 1) await byPassword({ password: `wrong ${i}` });
    const refused = await byPassword();
    expectError(refused, 429, 'over_request_rate_limit', 'Request rate limit reached');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('a grant', () => {
  test.each(['authorization_code', 'nonsense', '', 'toString'])(
    'that is unknown is refused: “%s”',
    async (type) => {
      expectError(await grant(type, {}), 400, 'invalid_credentials', 'unsupported_grant_type');
      expectError(await grant(type, '{'), 400, 'invalid_credentials', 'unsupported_grant_type');
    },
  );

  test('counts in the query only, and only by POST', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = { body: 'grant_type=password', headers: form };
    const refused = await send(gateway, 'POST', '/token', sent);
    expectError(refused, 400, 'invalid_credentials', 'unsupported_grant_type');
    const get = await send(gateway, 'GET', '/token?grant_type=password');
    expect([get.status, get.body, get.headers.get('allow')]).toEqual([405, null, 'POST']);
  });

  test.each(['', '{"email":', '[]', '"text"', '5', 'null'])(
    'with the body %s is refused: bad_json',
    async (body) => {
      const message = expect.stringMatching(/^Could not parse request body as JSON: /);
      expectError(await grant('password', body), 400, 'bad_json', message);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expectError(await grant('password', '{}', form), 400, 'bad_json', message);
    },
  );

  test('with an attribute of a wrong type is refused: bad_json names it', async () => {
    for (const [body, name] of [
      [{ email: 5 }, 'email'],
      [{ password: ['a'] }, 'password'],
      [{ gotrue_meta_security: 'x' }, 'gotrue_meta_security'],
      [{ gotrue_meta_security: { captcha_token: 1 } }, 'gotrue_meta_security.captcha_token'],
    ] as const)
      expectError(
        await byPassword(body),
        400,
        'bad_json',
        expect.stringContaining(`: ${name} has a wrong type.`),
      );
  });

  test('with a body over 1 MiB is refused: request_entity_too_large', async () => {
    const message = 'Request body too large (max 1048576 bytes)';
    const answer = await byPassword({ x: 'x'.repeat(1_048_576) });
    expectError(answer, 413, 'request_entity_too_large', message);
  });
});

describe('a refresh token', () => {
  test('gets a new pair for the same session, and the way of signing in stays in amr', async () => {
    const first = sessionOf(await byPassword());
    const answer = await byRefresh(first.refresh_token);
    const second = sessionOf(answer);
    expect(answer.headers.get('sb-auth-refresh-token-reuse')).toBe('false');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const [before, after] = [first, second].map(({ access_token }) => decodeJwt(access_token));
    expect(after).toMatchObject({ session_id: before?.session_id, amr: before?.amr });
    expect(Object.keys(second)).toEqual([
      ...['access_token', 'token_type', 'expires_in', 'expires_at', 'refresh_token', 'user'],
    ]);
  });

  test('of GraphQL is refreshed here, and one of here by GraphQL', async () => {
    const here = sessionOf(await byRefresh(ada.refreshToken));
    const REFRESH =
      'mutation R($input: RefreshInput) { refresh(input: $input) { refreshToken user { id } } }';
    const { refresh } = await gateway.graphql<{ refresh: { refreshToken: string } }>(REFRESH, {
      input: { refreshToken: here.refresh_token },
    });
    expect(refresh).toMatchObject({ user: { id: ada.user.id } });
    sessionOf(await byRefresh(refresh.refreshToken));
  });

  test('that is empty, missing or null is refused: validation_failed', async () => {
    for (const token of ['', undefined, null])
      expectError(await byRefresh(token), 400, 'validation_failed', 'Refresh token is not valid');
  });

  test('that the gateway does not know is refused: refresh_token_not_found', async () => {
    const first = sessionOf(await byPassword());
    for (const token of [
      'nope',
      'abcdefghijkl',
      first.access_token,
      `${first.refresh_token}x`,
      'x'.repeat(9000),
    ])
      expectError(
        await byRefresh(token),
        ...([400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'] as const),
      );
    await send(gateway, 'POST', '/logout', { headers: bearer(first.access_token) });
    expect((await byRefresh(first.refresh_token)).headers.get('x-sb-error-code')).toBe(
      'refresh_token_not_found',
    );
  });

  test('again, as by a client that lost the answer, gets the same successor without the header', async () => {
    const first = sessionOf(await byPassword());
    const second = sessionOf(await byRefresh(first.refresh_token));
    const again = await byRefresh(first.refresh_token);
    expect(sessionOf(again).refresh_token).toBe(second.refresh_token);
    expect(again.headers.has('sb-auth-refresh-token-reuse')).toBe(false);
  });

  test('of long ago ends its session, and no other, and the end survives the failed request', async () => {
    const other = sessionOf(await byPassword());
    const first = sessionOf(await byPassword());
    const second = sessionOf(await byRefresh(first.refresh_token));
    const third = sessionOf(await byRefresh(second.refresh_token));
    await passInterval(ada);
    const used = ['refresh_token_already_used', 'Invalid Refresh Token: Already Used'] as const;
    expectError(await byRefresh(first.refresh_token), 400, ...used);
    expect((await byRefresh(third.refresh_token)).status).toBe(400);
    const gone = await send(gateway, 'GET', '/user', { headers: bearer(third.access_token) });
    expect(gone.headers.get('x-sb-error-code')).toBe('session_not_found');
    sessionOf(await byRefresh(other.refresh_token));
  });

  test('presented by ten requests at once, at two replicas, leads to one live token', async () => {
    const { refresh_token } = sessionOf(await byPassword());
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        send(i % 2 ? gateway : replica, 'POST', '/token?grant_type=refresh_token', {
          body: { refresh_token },
        }),
      ),
    );
    const tokens = new Set(answers.map((answer) => sessionOf(answer).refresh_token));
    expect(tokens.size).toBe(1);
    sessionOf(await byRefresh([...tokens][0]));
  });

  test('of a banned, a deleted and an unconfirmed person is refused', async () => {
    const { refresh_token } = sessionOf(await byPassword());
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${ada.user.id}`;
    expectError(await byRefresh(refresh_token), 400, 'user_banned', 'Invalid Refresh Token: User Banned');
    const eve = await signUp(gateway);
    expectError(await byRefresh(eve.refreshToken), 403, 'email_not_confirmed', 'Email not confirmed');
    const deleteAccount = 'mutation { deleteAccount(input: { currentPassword: "correct horse" }) { ok } }';
    await gateway.graphql(deleteAccount, {}, bearer(eve.accessToken));
    expect((await byRefresh(eve.refreshToken)).headers.get('x-sb-error-code')).toBe(
      'refresh_token_not_found',
    );
  });

  test('of an unconfirmed person is not used up by the refusal', async () => {
    const eve = await signUp(gateway);
    await byRefresh(eve.refreshToken);
    const [live] = await gateway.sql`
      select generation from portcullis_private.refresh_tokens t join portcullis.sessions s on s.id = t.session_id
      where s.user_id = ${eve.user.id}`;
    expect(live).toEqual({ generation: 0 });
  });
});

test('a person of GraphQL and of here is one: each sees the sessions of both', async () => {
  const { access_token } = sessionOf(await byPassword());
  await logIn(gateway, ada.person);
  const { sessions } = await gateway.graphql<{ sessions: object[] }>(
    '{ sessions { id } }',
    {},
    bearer(access_token),
  );
  expect(sessions).toHaveLength(3);
});

test('user_metadata reaches neither the claims of Hasura nor the gateway’s own claims', async () => {
  const claims = { 'x-hasura-role': 'admin', 'x-hasura-user-id': 'x', 'https://hasura.io/jwt/claims': {} };
  const metadata = { ...claims, role: 'service_role', sub: 'x', sid: 'x', email_verified: true, aud: 'x' };
  await gateway.sql`insert into portcullis_private.account_details (user_id, user_metadata, app_metadata)
    values (${ada.user.id}, ${gateway.sql.json(metadata)}, ${gateway.sql.json({ ...claims, role: 'admin' })})`;
  const payload = decodeJwt(sessionOf(await byPassword()).access_token);
  expect(payload).toMatchObject({ sub: ada.user.id, aud: 'authenticated', role: 'authenticated' });
  expect(payload['https://hasura.io/jwt/claims']).toMatchObject({
    'x-hasura-default-role': 'user',
    'x-hasura-allowed-roles': ['user'],
    'x-hasura-user-id': ada.user.id,
  });
  expect(payload['https://hasura.io/jwt/claims']).not.toHaveProperty('x-hasura-role');
  expect(payload.user_metadata).toMatchObject({ role: 'service_role', sub: ada.user.id });
});
