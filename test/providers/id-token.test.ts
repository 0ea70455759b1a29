import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import { JWT_SECRET, signShared } from '../gotrue/administrators.ts';
import { verifiedPerson } from '../gotrue/people.ts';
import { bearer, send } from '../gotrue/wire.ts';
import { logInFirst, protect } from '../second-factors/authenticator.ts';
import { forFile } from '../support/for-file.ts';
import { openProviderStage } from '../support/providers/stage.ts';

const stage = forFile(() => openProviderStage());

const now = () => Math.floor(Date.now() / 1000);
const hash = (nonce: string) => createHash('sha256').update(nonce).digest('hex');

/** The claims of a new person. */
const claims = (more: JWTPayload = {}): JWTPayload => {
  const sub = randomBytes(6).toString('hex');
  return {
    ...{ iss: stage.oidc.url, sub, aud: stage.oidc.clientId, iat: now(), exp: now() + 60, jti: sub },
    ...{ email: `${sub}@example.com`, email_verified: true, name: 'Ann Other' },
    ...more,
  };
};

const grant = (body: object) => stage.gateway.post('/token?grant_type=id_token', body);
const show = async (payload: JWTPayload, more: object = {}) =>
  grant({ provider: 'local', id_token: await stage.oidc.makeIdToken(payload), ...more });

const refusal = (error: string, error_description: string) => ({ error, error_description });
const BAD = refusal('invalid request', 'Bad ID token');

test('an ID token signs a person in', async () => {
  const payload = claims();
  const { status, body } = await show(payload);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    token_type: 'bearer',
    user: { email: payload.email, identities: [{ id: payload.sub, provider: 'local' }] },
  });
});

test('the issuer may be named in place of the provider', async () => {
  expect(await show(claims(), { provider: '', issuer: stage.oidc.url })).toMatchObject({ status: 200 });
});

test('an ID token works once, of many attempts at once', async () => {
  const id_token = await stage.oidc.makeIdToken(claims());
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => grant({ provider: 'local', id_token })),
  );
  expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await grant({ provider: 'local', id_token })).toMatchObject({ status: 400, body: BAD });
});

test('an ID token with another spelling of its signature is the same token', async () => {
  const id_token = await stage.oidc.makeIdToken(claims());
  expect(await grant({ provider: 'local', id_token })).toMatchObject({ status: 200 });
  // The last character of 64 bytes in base64url has four bits that do not count.
  const last = id_token.slice(-1);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const respelled = [...alphabet]
    .filter((other) => other !== last && alphabet.indexOf(other) >> 4 === alphabet.indexOf(last) >> 4)
    .map((other) => id_token.slice(0, -1) + other);
  expect(respelled).toHaveLength(15);
  for (const spelling of [...respelled.slice(0, 3), `${id_token}=`, `${id_token}==`])
    expect(await grant({ provider: 'local', id_token: spelling })).toMatchObject({ status: 400, body: BAD });
});

test('a nonce has to be in the token as a hash', async () => {
  const nonce = randomBytes(16).toString('hex');
  expect(await show(claims({ nonce: hash(nonce) }), { nonce })).toMatchObject({ status: 200 });
  expect(await show(claims({ nonce: hash('another') }), { nonce })).toMatchObject({
    status: 400,
    body: refusal('invalid nonce', 'Nonces mismatch'),
  });
  const missing = refusal(
    'invalid request',
    'Passed nonce and nonce in id_token should either both exist or not.',
  );
  expect(await show(claims(), { nonce })).toMatchObject({ status: 400, body: missing });
  expect(await show(claims({ nonce: hash(nonce) }))).toMatchObject({ status: 400, body: missing });
});

test.each<[string, () => JWTPayload]>([
  ['for another audience', () => claims({ aud: 'another' })],
  ['of another issuer', () => claims({ iss: 'https://evil.example.com' })],
  ['that has expired', () => claims({ exp: now() - 120 })],
])('an ID token %s is refused', async (_title, payload) => {
  expect(await show(payload())).toMatchObject({ status: 400, body: BAD });
});

test('an ID token with a foreign signature is refused', async () => {
  const id_token = await stage.oidc.makeIdToken(claims(), { foreignKey: true });
  expect(await grant({ provider: 'local', id_token })).toMatchObject({ status: 400, body: BAD });
  expect(await grant({ provider: 'local', id_token: 'nonsense' })).toMatchObject({ status: 400, body: BAD });
});

test('an ID token of an access token is refused with another one', async () => {
  const access_token = 'the access token';
  const at_hash = createHash('sha256').update(access_token).digest().subarray(0, 16).toString('base64url');
  expect(await show(claims({ at_hash }), { access_token })).toMatchObject({ status: 200 });
  expect(await show(claims({ at_hash }), { access_token: 'another' })).toMatchObject({
    status: 400,
    body: BAD,
  });
});

test.each([
  [{ provider: 'local' }, 400, refusal('invalid request', 'id_token required')],
  [{ id_token: 'x' }, 400, refusal('invalid request', 'provider or client_id and issuer required')],
  [
    { provider: 'google', id_token: 'x' },
    400,
    {
      error_code: 'provider_disabled',
      msg: 'Provider (issuer "https://accounts.google.com") is not enabled',
    },
  ],
  [{ provider: 'x', id_token: 'x' }, 400, { error_code: 'validation_failed' }],
])('%j is refused with %i', async (body, status, expected) => {
  expect(await grant(body)).toMatchObject({ status, body: expected });
});

test('an address that the provider has not verified does not sign in', async () => {
  expect(await show(claims({ email_verified: false }))).toMatchObject({
    status: 403,
    body: { error_code: 'provider_email_needs_verification' },
  });
});

test('linking by an ID token is off by default', async () => {
  expect(await show(claims(), { link_identity: true })).toMatchObject({
    status: 404,
    body: { error_code: 'manual_linking_disabled' },
  });
});

describe('linking by an ID token', () => {
  const linking = forFile(() =>
    openProviderStage({
      MANUAL_LINKING: 'on',
      SECOND_FACTOR: 'advisory',
      GOTRUE_JWT_SECRET: JWT_SECRET,
    }),
  );
  const link = async (token: string, payload: JWTPayload = {}) => {
    const id_token = await linking.oidc.makeIdToken(
      claims({ ...payload, iss: linking.oidc.url, aud: linking.oidc.clientId }),
    );
    const body = { provider: 'local', id_token, link_identity: true };
    return send(linking.gateway, 'POST', '/token?grant_type=id_token', { headers: bearer(token), body });
  };

  test('links it to the person of the session', async () => {
    const ada = await verifiedPerson(linking.gateway);
    expect(await link(ada.accessToken)).toMatchObject({ status: 200, body: { user: { id: ada.user.id } } });
  });

  test('needs the second factor of the person, where SECOND_FACTOR is advisory too', async () => {
    const ada = await verifiedPerson(linking.gateway);
    const { accessToken } = await protect(linking.gateway, ada);
    const first = await logInFirst(linking.gateway, ada.person);
    expect(await link(first.accessToken)).toMatchObject({
      status: 401,
      body: { error_code: 'insufficient_aal' },
    });
    expect((await link(accessToken)).status).toBe(200);
  });

  test('does not sign in by a token that names no session', async () => {
    const ada = await verifiedPerson(linking.gateway);
    const token = await signShared({ sub: ada.user.id, role: 'authenticated' });
    expect((await link(token)).status).toBe(403);
  });
});
