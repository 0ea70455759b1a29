import { createSecretKey, randomUUID } from 'node:crypto';
import {
  base64url,
  decodeJwt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  PUBLIC_URL,
  type SignedInAnswer,
  signUp,
  startGateway,
} from '../support/gateway.ts';
import { expectRefused } from './refused-token.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));
/** The gateway's own key pair, whose private key an attacker does not have. */
let own: { id: string; publicJwk: JWK; privateKey: Awaited<ReturnType<typeof importJWK>> };
beforeAll(async () => {
  const [row] = await gateway.sql<{ id: string; public_jwk: JWK; jwe: string }[]>`
    select id, public_jwk, jwe from portcullis.jwks join portcullis_private.private_jwks using (id)`;
  const privateJwk = JSON.parse(await gateway.deps.keyEncryption.decrypt(row?.jwe ?? '')) as JWK;
  own = { id: row!.id, publicJwk: row!.public_jwk, privateKey: await importJWK(privateJwk, 'ES256') };
});

let signedIn: SignedInAnswer;
const person = newPerson();
beforeAll(() => signUp(gateway, person));
beforeEach(async () => {
  signedIn = await logIn(gateway, person);
});

const expectUnauthenticated = (token: string, message?: unknown) => expectRefused(gateway, token, message);

const INVALID = 'The token is not valid.';
const UNKNOWN_KEY = 'The token is signed with an unknown key.';
const OVER = 'The session is over.';

const header = (): JWTHeaderParameters => ({ alg: 'ES256', typ: 'JWT', kid: own.id });
const claims = (): JWTPayload => decodeJwt(signedIn.accessToken);
const signed = (payload: JWTPayload, protectedHeader = header(), key: unknown = own.privateKey) =>
  new SignJWT(payload).setProtectedHeader(protectedHeader).sign(key as CryptoKey);
const encoded = (part: object) => base64url.encode(JSON.stringify(part));
const without = (...names: string[]): JWTPayload =>
  Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)));

describe('a token of the gateway', () => {
  test('is accepted as an access token and as a team token', async () => {
    for (const token of [signedIn.accessToken, signedIn.teamToken ?? '', await signed(claims())])
      expect(await gateway.graphql(ME, {}, bearer(token))).toMatchObject({ me: { id: signedIn.user.id } });
  });

  test('is optional: a request without a token is anonymous', async () => {
    for (const authorization of ['', 'Bearer', 'Bearer '])
      expect(await gateway.graphql(ME, {}, { authorization })).toEqual({ me: null });
  });
});

describe('forged signatures', () => {
  test('a token without a signature is unauthenticated, in every spelling of alg none', async () => {
    for (const alg of ['none', 'None', 'NONE', ''])
      for (const signature of ['', signedIn.accessToken.split('.')[2]])
        await expectUnauthenticated(`${encoded({ ...header(), alg })}.${encoded(claims())}.${signature}`);
    const [protectedPart, payload] = signedIn.accessToken.split('.');
    await expectUnauthenticated(`${protectedPart}.${payload}.`, INVALID);
    await expectUnauthenticated(`${protectedPart}.${payload}`, INVALID);
  });

  test('a token signed by HS256 with the public key as the secret is unauthenticated', async () => {
    const publicKey = (await importJWK(own.publicJwk, 'ES256')) as CryptoKey;
    const secrets = [
      await exportSPKI(publicKey),
      (await exportSPKI(publicKey)).trim(),
      JSON.stringify(own.publicJwk),
      own.publicJwk.x ?? '',
      own.id,
    ];
    for (const secret of secrets) {
      const key = createSecretKey(Buffer.from(secret));
      await expectUnauthenticated(await signed(claims(), { ...header(), alg: 'HS256' }, key), INVALID);
    }
  });

  test('a token signed by an attacker’s key is unauthenticated, under any kid or embedded key', async () => {
    const theirs = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(theirs.publicKey);
    const headers: JWTHeaderParameters[] = [
      header(),
      { ...header(), kid: 'jwk_00000000000000000000000000000000' },
      { ...header(), kid: "' or true --" },
      { ...header(), kid: '../../../etc/passwd' },
      { ...header(), kid: 'jwk_' },
      { alg: 'ES256', typ: 'JWT' },
      { ...header(), jwk },
      { ...header(), jku: 'https://evil.example.com/jwks.json' },
      { ...header(), x5u: 'https://evil.example.com/cert.pem' },
      { ...header(), kid: 5 as never },
      { ...header(), kid: [own.id] as never },
    ];
    for (const protectedHeader of headers)
      await expectUnauthenticated(await signed(claims(), protectedHeader, theirs.privateKey));
  });

  test('a token under the kid of another key or an unknown key is unauthenticated', async () => {
    const { body } = await gateway.post('/api/_jwk-gen', undefined, { authorization: gateway.secret });
    const { id } = (body as { jwk: { id: string } }).jwk;
    await expectUnauthenticated(await signed(claims(), { ...header(), kid: id }), INVALID);
    await expectUnauthenticated(await signed(claims(), { alg: 'ES256', typ: 'JWT' }), UNKNOWN_KEY);
    await expectUnauthenticated(await signed(claims(), { ...header(), kid: randomUUID() }), UNKNOWN_KEY);
  });

  test('a token whose algorithm is not the key’s is unauthenticated', async () => {
    const [, payload, signature] = (await signed(claims())).split('.');
    for (const alg of ['ES384', 'RS256', 'PS256', 'EdDSA', 'ES256K', 'XS1', 'ES256 '])
      await expectUnauthenticated(`${encoded({ ...header(), alg })}.${payload}.${signature}`);
    const rsa = await generateKeyPair('RS256');
    await expectUnauthenticated(
      await signed(claims(), { ...header(), alg: 'RS256' }, rsa.privateKey),
      UNKNOWN_KEY,
    );
  });

  test('a token whose payload was changed is unauthenticated', async () => {
    const victim = await signUp(gateway);
    const [protectedPart, , signature] = signedIn.accessToken.split('.');
    const payload = encoded({ ...claims(), sub: victim.user.id });
    await expectUnauthenticated(`${protectedPart}.${payload}.${signature}`, INVALID);
  });

  test('a token with another type or a critical header is unauthenticated', async () => {
    await expectUnauthenticated(await signed(claims(), { ...header(), typ: 'at+jwt' }), INVALID);
    await expectUnauthenticated(await signed(claims(), { alg: 'ES256', kid: own.id }), INVALID);
    const [, payload, signature] = signedIn.accessToken.split('.');
    for (const extra of [{ crit: ['exp'] }, { crit: [] }, { b64: false, crit: ['b64'] }])
      await expectUnauthenticated(`${encoded({ ...header(), ...extra })}.${payload}.${signature}`);
  });

  test.each([
    ['a word', 'undefined'],
    ['two words', 'two words'],
    ['two dots', '..'],
    ['five parts', 'a.b.c.d.e'],
    ['invalid base64', '%%%.%%%.%%%'],
    ['invalid JSON', `${base64url.encode('{')}.${base64url.encode('{')}.AAAA`],
    ['a list as its header', `${base64url.encode('[]')}.${base64url.encode('{}')}.AAAA`],
    ['null as its header', `${base64url.encode('null')}.${base64url.encode('null')}.AAAA`],
    ['8 KiB', 'x'.repeat(8192)],
  ])('a malformed token (%s) is unauthenticated', async (_what, token) => {
    await expectUnauthenticated(token, expect.stringMatching(/^The token is /));
  });
});

describe('claims under a valid signature', () => {
  const now = () => Math.floor(Date.now() / 1000);

  test('a token that has expired is unauthenticated', async () => {
    await expectUnauthenticated(await signed({ ...claims(), exp: now() - 1 }), 'The token has expired.');
  });

  test('a token that is not valid yet is unauthenticated', async () => {
    await expectUnauthenticated(await signed({ ...claims(), nbf: now() + 60 }), INVALID);
  });

  test('a token of another issuer or audience is unauthenticated', async () => {
    for (const other of [
      { iss: 'https://evil.example.com' },
      { iss: `${PUBLIC_URL}/` },
      { iss: PUBLIC_URL.toUpperCase() },
      { aud: 'another' },
      { aud: [] },
      { aud: ['another'] },
    ])
      await expectUnauthenticated(await signed({ ...claims(), ...other }), INVALID);
  });

  test.each(['iss', 'aud', 'sub', 'sid', 'exp', 'iat', 'https://hasura.io/jwt/claims'])(
    'a token without %s is unauthenticated',
    async (name) => {
      await expectUnauthenticated(await signed(without(name)), INVALID);
    },
  );

  test('a token whose user or session is not a UUID is unauthenticated', async () => {
    for (const bad of ['admin', '', 5, null, ['x'], "' or true --", claims().sub?.toUpperCase()])
      for (const name of ['sub', 'sid'])
        await expectUnauthenticated(await signed({ ...claims(), [name]: bad }));
  });

  test('a token whose user does not own its session is unauthenticated', async () => {
    const other = await signUp(gateway);
    await expectUnauthenticated(await signed({ ...claims(), sub: other.user.id }), OVER);
    await expectUnauthenticated(await signed({ ...claims(), sid: randomUUID() }), OVER);
    await expectUnauthenticated(await signed({ ...claims(), sid: decodeJwt(other.accessToken).sid }), OVER);
  });
});
