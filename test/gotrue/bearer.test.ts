import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { create, exchange } from '../access-tokens/programs.ts';
import { logIn, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, expectError, NAMED, send, TIME, type WireAnswer } from './wire.ts';

// Whose tokens the GoTrue dialect accepts, and how a session ends there.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } });
});
afterAll(() => gateway.close());

let ada: Member;
beforeEach(async () => {
  ada = await verifiedPerson(gateway);
});

const getUser = (headers: Record<string, string>, at = gateway): Promise<WireAnswer> =>
  send(at, 'GET', '/user', { headers });
const logOut = (token: string, query = ''): Promise<WireAnswer> =>
  send(gateway, 'POST', `/logout${query}`, { headers: bearer(token) });

const SESSION_OVER = ['session_not_found', 'Session from session_id claim in JWT does not exist'] as const;

describe('GET /user', () => {
  test('shows the person of a GraphQL sign-in, with the keys in the order of GoTrue', async () => {
    const { status, body } = await getUser(bearer(ada.accessToken));
    const { id, email } = ada.user;
    expect(status).toBe(200);
    expect(body).toEqual({
      ...{ id, aud: 'authenticated', role: 'authenticated', email, email_confirmed_at: TIME, phone: '' },
      ...{
        confirmed_at: TIME,
        last_sign_in_at: TIME,
        app_metadata: { provider: 'email', providers: ['email'] },
        user_metadata: { email_verified: true },
      },
      identities: [
        {
          ...{ identity_id: expect.any(String), id, user_id: id },
          identity_data: { email, email_verified: true, phone_verified: false, sub: id },
          ...{ provider: 'email', last_sign_in_at: TIME, created_at: TIME, updated_at: TIME, email },
        },
      ],
      ...{ created_at: TIME, updated_at: TIME, is_anonymous: false },
    });
    expect(Object.keys(body as object)).toEqual([
      ...['id', 'aud', 'role', 'email', 'email_confirmed_at', 'phone', 'confirmed_at', 'last_sign_in_at'],
      ...['app_metadata', 'user_metadata', 'identities', 'created_at', 'updated_at', 'is_anonymous'],
    ]);
  });

  test('answers with no-store, below every alias, and gives an identity the same id each time', async () => {
    const answers = await Promise.all(
      ['', '/gotrue', '/gotrue/auth/v1'].map((place) =>
        send(gateway, 'GET', `${place}/user`, { headers: bearer(ada.accessToken) }),
      ),
    );
    for (const { headers, body } of answers) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual(answers[0]?.body);
    }
  });

  test('refuses another audience: validation_failed', async () => {
    const audience = (value: string) => ({ ...bearer(ada.accessToken), 'x-jwt-aud': value });
    const wrong = "Token audience doesn't match request audience";
    expectError(await getUser(audience('other')), 400, 'validation_failed', wrong);
    expect((await getUser(audience('authenticated'))).status).toBe(200);
  });
});

describe('a request without a token', () => {
  test.each([
    {},
    { authorization: 'Basic YTpi' },
    { authorization: 'Bearer' },
    { authorization: 'Token abc' },
  ])('is refused: no_authorization (%j)', async (headers) => {
    const message = 'This endpoint requires a valid Bearer token';
    expectError(await getUser(headers as Record<string, string>), 401, 'no_authorization', message);
    const named = await getUser({ ...(headers as Record<string, string>), ...NAMED });
    expect(named.body).toEqual({ code: 'no_authorization', message });
  });

  test('may spell Bearer in any letters', async () => {
    for (const scheme of ['bearer', 'BEARER'])
      expect(await getUser({ authorization: `${scheme} ${ada.accessToken}` })).toMatchObject({ status: 200 });
  });
});

describe('a token that is not valid', () => {
  const expectBadToken = async (token: string) =>
    expectError(await getUser(bearer(token)), 403, 'bad_jwt', expect.stringMatching(/^invalid JWT: /));
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('is refused: garbage, changed payload, alg none', async () => {
    const [head = '', payload = '', signature = ''] = ada.accessToken.split('.');
    await expectBadToken('not.a.jwt');
    await expectBadToken(`${head}.${encode({ ...decodeJwt(ada.accessToken), role: 'admin' })}.${signature}`);
    await expectBadToken(`${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`);
    await expectBadToken(`${'a'.repeat(10_000)}.b.c`);
  });

  test('is refused: a foreign key, HS256 with the public key, an unknown kid', async () => {
    const { kid = '' } = decodeProtectedHeader(ada.accessToken);
    const { privateKey } = await generateKeyPair('ES256');
    const claims = decodeJwt(ada.accessToken);
    const signed = (header: object, key: CryptoKey | Uint8Array) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...header }).sign(key);
    await expectBadToken(await signed({ kid }, privateKey));
    await expectBadToken(await signed({ kid: 'jwk_unknown' }, privateKey));
    await expectBadToken(await signed({}, privateKey));
    const [jwk] = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()).keys as object[];
    const secret = Buffer.from(JSON.stringify(jwk));
    await expectBadToken(await signed({ kid, alg: 'HS256' }, secret));
    await expectBadToken(await signed({ alg: 'HS256' }, secret));
  });

  test('is refused: expired, of another issuer or audience, not valid yet', async () => {
    const key = await gateway.deps.signer.currentKey(60);
    const claims = decodeJwt(ada.accessToken);
    const now = Math.floor(Date.now() / 1000);
    for (const wrong of [
      { exp: now - 60 },
      { iss: 'https://evil.example' },
      { aud: 'other' },
      { nbf: now + 600 },
      { sub: 'me' },
    ])
      await expectBadToken(await gateway.deps.signer.sign(key, { ...claims, ...wrong }));
    const good = await gateway.deps.signer.sign(key, { ...claims, aud: 'authenticated' });
    expect(await getUser(bearer(good))).toMatchObject({ status: 200 });
  });

  test('is refused: a refresh token, a team token, a token of a program', async () => {
    await expectBadToken(ada.refreshToken);
    await expectBadToken(ada.teamToken ?? '');
    const { token } = await create(gateway, ada);
    await expectBadToken((await exchange(gateway, token)).accessToken);
  });
});

describe('a person', () => {
  test('who has not verified their address is refused: email_not_confirmed', async () => {
    const { accessToken } = await signUp(gateway);
    expectError(await getUser(bearer(accessToken)), 403, 'email_not_confirmed', 'Email not confirmed');
    const relaxed = await startGateway({ replicaOf: gateway, env: { AUTOCONFIRM: 'email' } });
    const { body } = await getUser(bearer(accessToken), relaxed);
    expect(body).toMatchObject({ email_confirmed_at: (body as { created_at: string }).created_at });
    await relaxed.close();
    const [{ email_verified_at } = {}] = await gateway.sql`
      select email_verified_at from portcullis.users where id = ${(body as { id: string }).id}`;
    expect(email_verified_at).toBeNull();
  });

  test('who is gone is refused: user_not_found', async () => {
    const deleteAccount = 'mutation { deleteAccount(input: { currentPassword: "correct horse" }) { ok } }';
    await gateway.graphql(deleteAccount, {}, bearer(ada.accessToken));
    const message = 'User from sub claim in JWT does not exist';
    expectError(await getUser(bearer(ada.accessToken)), 403, 'user_not_found', message);
  });

  test('who is disabled is refused at once: user_banned', async () => {
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${ada.user.id}`;
    expectError(await getUser(bearer(ada.accessToken)), 403, 'user_banned', 'User is banned');
  });
});

describe('POST /logout', () => {
  test('ends all sessions by default, of every dialect, and answers 204 without a body', async () => {
    const other = await logIn(gateway, ada.person);
    expect(await logOut(ada.accessToken)).toMatchObject({ status: 204, body: null });
    for (const { accessToken } of [ada, other])
      expectError(await getUser(bearer(accessToken)), 403, ...SESSION_OVER);
    const [error] = (await gateway.failure('{ sessions { id } }', {}, bearer(other.accessToken))) as [
      { extensions: { code: string } },
    ];
    expect(error.extensions.code).toBe('unauthenticated');
  });

  test('with scope=local ends this session, and with scope=others all but this one', async () => {
    const [second, third] = [await logIn(gateway, ada.person), await logIn(gateway, ada.person)];
    expect(await logOut(second.accessToken, '?scope=local')).toMatchObject({ status: 204 });
    expectError(await getUser(bearer(second.accessToken)), 403, ...SESSION_OVER);
    expect(await logOut(third.accessToken, '?scope=others')).toMatchObject({ status: 204 });
    expectError(await getUser(bearer(ada.accessToken)), 403, ...SESSION_OVER);
    expect(await getUser(bearer(third.accessToken))).toMatchObject({ status: 200 });
  });

  test('with an unknown scope ends nothing: validation_failed', async () => {
    const answer = await logOut(ada.accessToken, '?scope=nonsense');
    expectError(answer, 400, 'validation_failed', 'Unsupported logout scope "nonsense"');
    expect(await logOut(ada.accessToken, '?scope=toString')).toMatchObject({ status: 400 });
    expect(await getUser(bearer(ada.accessToken))).toMatchObject({ status: 200 });
  });

  test('does not touch others, and is refused the second time', async () => {
    const eve = await verifiedPerson(gateway);
    await logOut(ada.accessToken);
    expectError(await logOut(ada.accessToken), 403, ...SESSION_OVER);
    expect(await getUser(bearer(eve.accessToken))).toMatchObject({ status: 200 });
  });
});
