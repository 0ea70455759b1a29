import { decodeJwt, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { sessionOf } from '../../support/hasura/permissions.ts';
import { ME, openStage, type Stage } from './frontend.ts';

// Which tokens Hasura takes, and in which words it refuses the others.

const NAMESPACE = 'https://hasura.io/jwt/claims';
const OWN_ROWS = '{ portcullis_users { id } }';
const now = () => Math.floor(Date.now() / 1000);

let stage: Stage;
let ada: SignedInAnswer;
beforeAll(async () => {
  stage = await openStage();
  ada = await signUp(stage.gateway);
});
afterAll(() => stage.close());

/** What the gateway says of Ada in its tokens, with something changed. */
const claims = (changed: Record<string, unknown> = {}): JWTPayload => ({
  ...decodeJwt(ada.accessToken),
  exp: now() + 60,
  ...changed,
});

/** Signs with the gateway's own key, as only the gateway can. */
async function signed(payload: JWTPayload, header: { kid?: string } = {}): Promise<string> {
  const key = await stage.gateway.deps.signer.currentKey(60);
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.id, typ: 'JWT', ...header })
    .sign(key.key);
}

async function signedByStranger(payload: JWTPayload, alg = 'ES256'): Promise<string> {
  const { privateKey } = await generateKeyPair(alg);
  return new SignJWT(payload).setProtectedHeader({ alg, kid: 'jwk_unknown' }).sign(privateKey);
}

const refusal = (code: string, message: string) => [{ message, extensions: { path: '$', code } }];
const unverified = (reason: string) => refusal('invalid-jwt', `Could not verify JWT: ${reason}`);
/** Even where no token is needed. */
const refusalOf = (token: string) => stage.as(token).refused('{ authConfig { signup } }');

test('a token as the gateway makes them is taken', async () => {
  const page = stage.as(await signed(claims()));
  expect(await page.run(OWN_ROWS)).toEqual({ portcullis_users: [{ id: ada.user.id }] });
  expect(await page.run(ME)).toMatchObject({ me: { id: ada.user.id } });
});

describe('a token is refused', () => {
  test('of another issuer, before its signature is looked at', async () => {
    const other = { iss: 'https://elsewhere.example.com' };
    const expected = unverified('JWTNotInIssuer');
    expect(await refusalOf(await signed(claims(other)))).toEqual(expected);
    expect(await refusalOf(await signedByStranger(claims(other)))).toEqual(expected);
  });

  test('for another audience', async () => {
    for (const aud of ['gateway', ['a', 'b'], []])
      expect(await refusalOf(await signed(claims({ aud }))), String(aud)).toEqual(
        unverified('JWTNotInAudience'),
      );
    expect(await stage.as(await signed(claims({ aud: ['a', 'hasura'] }))).run(OWN_ROWS)).toBeTruthy();
  });

  test('signed by somebody else, under a known key’s name or an unknown one', async () => {
    const { kid } = JSON.parse(Buffer.from(ada.accessToken.split('.')[0] ?? '', 'base64url').toString());
    const stranger = await generateKeyPair('ES256');
    const borrowed = new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', kid });
    const symmetric = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid });
    for (const token of [
      await signedByStranger(claims()),
      await signedByStranger(claims(), 'RS256'),
      await borrowed.sign(stranger.privateKey),
      await symmetric.sign(Buffer.from(kid.padEnd(64))),
    ])
      expect(await refusalOf(token)).toEqual(unverified('JWSError JWSInvalidSignature'));
  });

  test('without a signature', async () => {
    expect(await refusalOf(new UnsecuredJWT(claims()).encode())).toEqual(
      unverified('JWSError JWSNoSignatures'),
    );
  });

  test('that is none', async () => {
    expect(await refusalOf('rubbish')).toEqual(
      unverified('JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)'),
    );
    expect(await refusalOf('a.b.c')).toMatchObject([
      { message: expect.stringContaining('Could not verify JWT: JWSError (JSONDecodeError') },
    ]);
  });

  test('that is over, or not yet valid, with 30 seconds to spare', async () => {
    const times: [JWTPayload, string | null][] = [
      [{ exp: now() - 20 }, null],
      [{ exp: now() - 40 }, 'JWTExpired'],
      [{ iat: now() + 20 }, null],
      [{ iat: now() + 60 }, 'JWTIssuedAtFuture'],
      [{ nbf: now() + 20 }, null],
      [{ nbf: now() + 60 }, 'JWTNotYetValid'],
    ];
    for (const [changed, reason] of times) {
      const token = await signed(claims(changed));
      if (reason === null) expect(await stage.as(token).run(OWN_ROWS)).toBeTruthy();
      else expect(await refusalOf(token), reason).toEqual(unverified(reason));
    }
  });
});

test('a token that names no issuer or audience passes Hasura, and the gateway refuses it', async () => {
  for (const missing of [{ iss: undefined }, { aud: undefined }, { iss: undefined, aud: undefined }]) {
    const page = stage.as(await signed(claims(missing)));
    expect(await page.run(OWN_ROWS)).toEqual({ portcullis_users: [{ id: ada.user.id }] });
    expect(await page.refused(ME)).toMatchObject([{ extensions: { code: 'unauthenticated' } }]);
  }
});

test('a key’s name says nothing: any key of the set may have signed', async () => {
  const token = await signed(claims(), { kid: 'jwk_unknown' });
  expect(await stage.as(token).run(OWN_ROWS)).toEqual({ portcullis_users: [{ id: ada.user.id }] });
});

test.each<[string, unknown, string, string]>([
  ['none', undefined, 'jwt-invalid-claims', `claims key: '${NAMESPACE}' not found`],
  ['a text', '{}', 'jwt-invalid-claims', 'expecting a json object when claims_format is json'],
  ['no roles', {}, 'jwt-missing-role-claims', 'JWT claim does not contain x-hasura-allowed-roles'],
  [
    'no default role',
    { 'X-Hasura-Allowed-Roles': ['user'] },
    'jwt-missing-role-claims',
    'JWT claim does not contain x-hasura-default-role',
  ],
  [
    'one role alone',
    { 'x-hasura-allowed-roles': 'user', 'x-hasura-default-role': 'user' },
    'jwt-invalid-claims',
    'invalid x-hasura-allowed-roles; should be a list of roles: parsing [] failed, expected Array, but encountered String',
  ],
  [
    'a default role that is not allowed',
    { 'x-hasura-allowed-roles': ['user'], 'x-hasura-default-role': 'User' },
    'access-denied',
    'Your requested role is not in allowed roles',
  ],
  [
    'a variable that is no text',
    { 'x-hasura-allowed-roles': ['user'], 'x-hasura-default-role': 'user', 'x-hasura-level': 1 },
    'jwt-invalid-claims',
    'x-hasura-* claims: parsing Text failed, expected String, but encountered Number',
  ],
])('claims of Hasura that are %s', async (_what, namespace, code, message) => {
  expect(await refusalOf(await signed(claims({ [NAMESPACE]: namespace })))).toEqual(refusal(code, message));
});

test('an Authorization header of another form fails the request', async () => {
  const token = ada.accessToken;
  for (const authorization of ['', token, `bearer ${token}`, `Bearer ${token} x`, 'Basic YTpi', 'Bearer'])
    expect(
      await stage.anonymous({ authorization }).refused('{ authConfig { signup } }'),
      authorization,
    ).toEqual(refusal('invalid-headers', 'Malformed Authorization header'));
  expect(await stage.anonymous({ authorization: `Bearer   ${token}` }).run(OWN_ROWS)).toBeTruthy();
});

describe('the admin secret', () => {
  test('comes before a token, which is not looked at', async () => {
    const page = stage.console({ authorization: 'Bearer rubbish' });
    expect(await page.run('{ portcullis_users(limit: 1) { email } }')).toMatchObject({
      portcullis_users: [{ email: expect.any(String) }],
    });
  });

  test('has an older name', async () => {
    const page = stage.anonymous({ 'x-hasura-access-key': stage.engine.adminSecret });
    expect(await page.run('{ jwks { id } }')).toMatchObject({ jwks: [{ id: expect.any(String) }] });
  });

  test('that is wrong fails a request that is good without it', async () => {
    for (const name of ['x-hasura-admin-secret', 'x-hasura-access-key'])
      expect(await stage.as(ada.accessToken, { [name]: 'guessed' }).refused(OWN_ROWS)).toEqual(
        refusal('access-denied', 'invalid x-hasura-admin-secret/x-hasura-access-key'),
      );
  });

  test('takes any role and any variables', async () => {
    const page = stage.console(sessionOf(ada.accessToken));
    expect(await page.run(OWN_ROWS)).toEqual({ portcullis_users: [{ id: ada.user.id }] });
  });
});
