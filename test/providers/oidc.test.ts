import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ProviderSettings } from '../../src/config/config.ts';
import { createOutbound } from '../../src/outbound/outbound.ts';
import { createProvider, type Provider } from '../../src/providers/provider.ts';
import { createBrowser } from '../support/providers/browser.ts';
import { answerJson, type OidcServer, startOidcServer } from '../support/providers/oidc-server.ts';
import { pkce } from '../support/providers/stage.ts';

const REDIRECT_URI = 'https://auth.example.com/callback';
const bounds = { allow: { hosts: [], ranges: ['loopback'] }, maxBytes: 64 * 1024 };
const outbound = createOutbound(bounds);
/** For servers that never answer. A busy machine may need as long for an answer. */
const impatient = createOutbound({ ...bounds, withinMs: 400 });

let server: OidcServer;
let provider: Provider;

beforeEach(async () => {
  server = await startOidcServer(REDIRECT_URI);
  server.people.set('ann', { sub: 'ann', email: 'ann@example.com', email_verified: true, name: 'Ann Other' });
  provider = createProvider(settings(), outbound.fetch);
});
afterEach(() => server.close());

const settings = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  ...{ name: 'example', issuer: server.url, scopes: [], clientIds: [] },
  ...{ clientId: server.clientId, clientSecret: server.clientSecret },
  ...more,
});

const secret = () => randomBytes(32).toString('base64url');

/** Signs a person in at the provider, up to the redirect back. */
async function begin(by: Provider = provider, loginHint = 'ann') {
  const { verifier: codeVerifier, challenge: codeChallenge } = pkce();
  const flow = { state: secret(), nonce: secret(), codeVerifier, redirectUri: REDIRECT_URI };
  const url = await by.authorizationUrl({
    ...flow,
    codeChallenge,
    scopes: [],
    extra: { login_hint: loginHint },
  });
  const back = await createBrowser().follow(url, REDIRECT_URI);
  return { ...flow, parameters: Object.fromEntries(back.searchParams) };
}

const signIn = async () => provider.redeem(await begin());

const now = () => Math.floor(Date.now() / 1000);
const idClaims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: server.url, sub: 'ann', aud: server.clientId, iat: now(), exp: now() + 60 },
  ...{ email: 'ann@example.com', email_verified: true },
  ...more,
});

test('a person of an OIDC issuer signs in by discovery, with PKCE and a nonce', async () => {
  const { account, tokens } = await signIn();
  expect(account).toEqual({
    ...{
      issuer: server.url,
      subject: 'ann',
      email: 'ann@example.com',
      emailVerified: true,
      name: 'Ann Other',
    },
    profile: {
      email: 'ann@example.com',
      email_verified: true,
      full_name: 'Ann Other',
      iss: server.url,
      name: 'Ann Other',
      phone_verified: false,
      provider_id: 'ann',
      sub: 'ann',
    },
  });
  expect(tokens).toEqual({
    accessToken: expect.stringMatching(/./),
    refreshToken: expect.stringMatching(/./),
  });
});

test('the authorization URL has the scopes of operator and client, each once', async () => {
  provider = createProvider(settings({ scopes: ['groups', 'email'] }), outbound.fetch);
  const request = { redirectUri: REDIRECT_URI, state: 's', nonce: 'n', codeChallenge: secret() };
  const url = await provider.authorizationUrl({
    ...request,
    scopes: ['groups', 'offline_access'],
    extra: {},
  });
  expect(url.searchParams.get('scope')).toBe('openid email profile groups offline_access');
});

test('user information completes an ID token without an address', async () => {
  server.twist = ({ email: _, email_verified: __, ...claims }) => claims;
  expect((await signIn()).account).toMatchObject({ email: 'ann@example.com', emailVerified: true });
});

test('user information about another person is refused', async () => {
  server.twist = ({ email: _, ...claims }) => claims;
  server.faults.set('/me', (_request, response) =>
    answerJson(response, { sub: 'eve', email: 'eve@example.com' }),
  );
  await expect(signIn()).rejects.toMatchObject({ name: 'ProviderError', fault: 'invalid' });
});

test('an address that the provider has not verified is not verified', async () => {
  server.people.set('ann', { sub: 'ann', email: 'ann@example.com', email_verified: false });
  expect((await signIn()).account).toMatchObject({ email: 'ann@example.com', emailVerified: false });
});

test('an operator can say that a provider verifies all addresses, or none', async () => {
  server.people.set('ann', { sub: 'ann', email: 'ann@example.com' });
  provider = createProvider(settings({ trustEmails: true }), outbound.fetch);
  expect((await signIn()).account.emailVerified).toBe(true);
  server.people.set('ann', { sub: 'ann', email: 'ann@example.com', email_verified: true });
  provider = createProvider(settings({ trustEmails: false }), outbound.fetch);
  expect((await signIn()).account.emailVerified).toBe(false);
});

describe('an answer to a code is refused', () => {
  test.each<[string, (claims: JWTPayload) => JWTPayload]>([
    ['with an ID token for another audience', (claims) => ({ ...claims, aud: 'another' })],
    ['with an ID token for several audiences', (claims) => ({ ...claims, aud: ['gateway', 'another'] })],
    [
      'with an ID token that another client asked for',
      (claims) => ({ ...claims, azp: 'another', aud: ['gateway', 'x'] }),
    ],
    ['with an ID token of another issuer', (claims) => ({ ...claims, iss: 'https://evil.example.com' })],
    ['with an expired ID token', (claims) => ({ ...claims, exp: now() - 60 })],
    ['with an ID token of another sign-in', (claims) => ({ ...claims, nonce: 'another' })],
    ['with an ID token without a nonce', ({ nonce: _, ...claims }) => claims],
    ['with an ID token of another access token', (claims) => ({ ...claims, at_hash: secret().slice(0, 22) })],
    ['with an ID token without a subject', (claims) => ({ ...claims, sub: '' })],
  ])('%s', async (_title, twist) => {
    server.twist = twist;
    await expect(signIn()).rejects.toMatchObject({ name: 'ProviderError', fault: 'invalid' });
  });

  test('with an ID token that a foreign key signed', async () => {
    const make = server.makeIdToken;
    server.makeIdToken = (claims) => make(claims, { foreignKey: true });
    await expect(signIn()).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('with an ID token that nothing signed', async () => {
    server.makeIdToken = async (claims) => unsigned(claims);
    await expect(signIn()).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('with another state', async () => {
    const answer = await begin();
    await expect(provider.redeem({ ...answer, state: 'another' })).rejects.toMatchObject({
      fault: 'invalid',
    });
  });

  test('to another verifier of PKCE', async () => {
    const answer = await begin();
    await expect(provider.redeem({ ...answer, codeVerifier: secret() })).rejects.toMatchObject({
      fault: 'refused',
    });
  });

  test('if the code was used before', async () => {
    const answer = await begin();
    await provider.redeem(answer);
    await expect(provider.redeem(answer)).rejects.toMatchObject({ fault: 'refused' });
  });

  test('that names another issuer', async () => {
    const answer = await begin();
    const parameters = { ...answer.parameters, iss: 'https://evil.example.com' };
    await expect(provider.redeem({ ...answer, parameters })).rejects.toMatchObject({ fault: 'invalid' });
  });
});

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const unsigned = (claims: JWTPayload) => `${encode({ alg: 'none' })}.${encode(claims)}.`;

describe('an ID token that a client shows', () => {
  test('is verified, and tells its nonce and its end', async () => {
    const claims = idClaims({ nonce: 'shown' });
    const verified = await provider.verify({ idToken: await server.makeIdToken(claims) });
    expect(verified).toMatchObject({ nonce: 'shown', expiresAt: new Date((claims.exp ?? 0) * 1000) });
    expect(verified.account).toMatchObject({ subject: 'ann', email: 'ann@example.com', emailVerified: true });
  });

  test('may be for another client of the operator', async () => {
    provider = createProvider(settings({ clientIds: ['ios'] }), outbound.fetch);
    const idToken = await server.makeIdToken(idClaims({ aud: 'ios' }));
    expect((await provider.verify({ idToken })).account.subject).toBe('ann');
  });

  test.each<[string, JWTPayload]>([
    ['for another audience', { aud: 'another' }],
    ['of another issuer', { iss: 'https://evil.example.com' }],
    ['that has expired', { exp: now() - 60 }],
  ])('%s is refused', async (_title, more) => {
    const idToken = await server.makeIdToken(idClaims(more));
    await expect(provider.verify({ idToken })).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('without an end is refused', async () => {
    const { exp: _, ...claims } = idClaims();
    const idToken = await server.makeIdToken(claims);
    await expect(provider.verify({ idToken })).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('is refused if nothing signed it', async () => {
    await expect(provider.verify({ idToken: unsigned(idClaims()) })).rejects.toMatchObject({
      fault: 'invalid',
    });
    await expect(provider.verify({ idToken: 'nonsense' })).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('must belong to the access token that is shown with it', async () => {
    const accessToken = 'an access token';
    const half = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
    const idToken = await server.makeIdToken(idClaims({ at_hash: half }));
    expect((await provider.verify({ idToken, accessToken })).account.subject).toBe('ann');
    await expect(provider.verify({ idToken, accessToken: 'another' })).rejects.toMatchObject({
      fault: 'invalid',
    });
  });
});

describe('the keys of a provider', () => {
  test('are asked for once, not by each sign-in', async () => {
    for (let n = 0; n < 3; n += 1) await signIn();
    expect(server.asked.get('/jwks')).toBe(1);
    expect(server.asked.get('/.well-known/openid-configuration')).toBe(1);
  });

  test('that are not known are looked up only once in a while', async () => {
    const idToken = await server.makeIdToken(idClaims(), { kid: 'unknown' });
    for (let n = 0; n < 5; n += 1)
      await expect(provider.verify({ idToken })).rejects.toMatchObject({ fault: 'invalid' });
    expect(server.asked.get('/jwks')).toBeLessThanOrEqual(2);
  });

  test('that the provider does not serve make it unavailable, at the first sign-in and at the next', async () => {
    server.faults.set('/jwks', (_request, response) => answerJson(response, {}, 503));
    const idToken = await server.makeIdToken(idClaims());
    for (let n = 0; n < 2; n += 1)
      await expect(provider.verify({ idToken })).rejects.toMatchObject({ fault: 'unavailable' });
    expect(server.asked.get('/jwks')).toBe(1);
  });
});

describe('a provider that is down', () => {
  const DISCOVERY = '/.well-known/openid-configuration';
  const start = () =>
    provider.authorizationUrl({
      redirectUri: REDIRECT_URI,
      state: 's',
      nonce: 'n',
      codeChallenge: secret(),
      scopes: [],
      extra: {},
    });

  test('is asked once by many sign-ins at once, and not again at once', async () => {
    server.faults.set(DISCOVERY, (_request, response) => answerJson(response, {}, 503));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, start));
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(start()).rejects.toMatchObject({ name: 'ProviderError' });
    expect(server.asked.get(DISCOVERY)).toBe(1);
  });

  test.each<[string, Parameters<OidcServer['faults']['set']>[1]]>([
    ['never answers', () => {}],
    [
      'answers endlessly',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
        response.on('close', () => clearInterval(timer));
      },
    ],
    [
      'answers more than allowed',
      (_request, response) => answerJson(response, { issuer: 'x'.repeat(100_000) }),
    ],
    ['hangs up', (request) => request.socket.destroy()],
  ])('fails in time if it %s', async (_title, fault) => {
    server.faults.set(DISCOVERY, fault);
    provider = createProvider(settings(), impatient.fetch);
    await expect(start()).rejects.toMatchObject({ name: 'ProviderError', fault: 'unavailable' });
  });

  test('fails without quoting what it answered', async () => {
    const answer = await begin();
    server.faults.set('/token', (_request, response) =>
      answerJson(response, { error: 'invalid_grant', error_description: 'hunter2' }, 400),
    );
    const failure: unknown = await provider.redeem(answer).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'refused', message: expect.stringContaining('invalid_grant') });
    expect(String(failure)).not.toContain('hunter2');
  });

  test('whose document names another issuer is refused', async () => {
    server.faults.set(DISCOVERY, (_request, response) =>
      answerJson(response, { issuer: 'https://evil.example.com' }),
    );
    await expect(start()).rejects.toMatchObject({ fault: 'invalid' });
  });
});
