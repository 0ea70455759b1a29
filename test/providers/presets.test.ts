import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ProviderSettings } from '../../src/config/config.ts';
import { createOutbound } from '../../src/outbound/outbound.ts';
import { baseOf } from '../../src/providers/presets.ts';
import { createProvider } from '../../src/providers/provider.ts';
import { answerJson } from '../support/providers/oidc-server.ts';

const REDIRECT_URI = 'https://auth.example.com/callback';
const outbound = createOutbound({ allow: { hosts: [], ranges: ['loopback'] } });

/** By path: what a small server in the place of the provider answers. A function gets the fields of the form. */
let answers: Record<string, unknown>;
let forms: URLSearchParams[];
let close: () => void;
let url: string;

beforeEach(async () => {
  answers = {};
  forms = [];
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => server.close().closeAllConnections();
});
afterEach(() => close());

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  if (request.method === 'POST') forms.push(new URLSearchParams(body));
  const found = answers[new URL(request.url ?? '', url).pathname];
  if (found === undefined) return answerJson(response, { message: 'Not Found' }, 404);
  answerJson(response, typeof found === 'function' ? await found(new URLSearchParams(body)) : found);
}

const settings = (name: string, more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  ...{ name, authorizationUrl: url, clientId: 'gateway', clientSecret: 'secret', scopes: [], clientIds: [] },
  ...more,
});

/** The settings of a provider that the operator configured by its issuer. */
const byIssuer = (name: string, more: Partial<ProviderSettings> = {}): ProviderSettings => {
  const { authorizationUrl: _, ...rest } = settings(name);
  return { ...rest, issuer: url, ...more };
};

const RESPONSE = {
  ...{ redirectUri: REDIRECT_URI, state: 'state', nonce: 'nonce', codeVerifier: 'v'.repeat(43) },
  parameters: { code: 'code', state: 'state' },
};
const TOKENS = { access_token: 'access', token_type: 'bearer' };

const redeem = async (given: ProviderSettings, parameters: Record<string, string> = {}) =>
  createProvider(given, outbound.fetch).redeem({
    ...RESPONSE,
    parameters: { ...RESPONSE.parameters, ...parameters },
  });

/**
 * Serves an OpenID provider with a key of its own, whose ID tokens have these claims.
 * @param asked the issuer under which the gateway asks for the discovery document
 */
async function serveOpenId(claims: JWTPayload, issuer = url, asked = issuer) {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  answers[`${new URL(asked).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`] = {
    issuer,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
  };
  answers['/keys'] = { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg: 'RS256' }] };
  answers['/token'] = async () => {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: issuer,
      aud: 'gateway',
      sub: 'subject',
      iat: now,
      exp: now + 60,
      nonce: 'nonce',
      ...claims,
    };
    const id_token = await new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'key' }).sign(privateKey);
    return { ...TOKENS, id_token };
  };
}

describe('github', () => {
  const user = { id: 583231, login: 'octocat', name: 'The Octocat', email: 'public@example.com' };
  beforeEach(() => {
    answers['/login/oauth/access_token'] = TOKENS;
    answers['/api/v3/user'] = { ...user, avatar_url: 'https://avatars.example.com/1' };
    answers['/api/v3/user/emails'] = [
      { email: 'other@example.com', primary: false, verified: true },
      { email: 'octocat@example.com', primary: true, verified: true },
    ];
  });

  test('names the primary address, not the public one, by the numeric id', async () => {
    const { account } = await redeem(settings('github'));
    expect(account).toMatchObject({ subject: '583231', email: 'octocat@example.com', emailVerified: true });
    expect(account.profile).toMatchObject({
      user_name: 'octocat',
      full_name: 'The Octocat',
      provider_id: '583231',
    });
    expect(forms[0]?.get('code_verifier')).toBe(RESPONSE.codeVerifier);
  });

  test('does not verify a primary address that GitHub has not verified', async () => {
    answers['/api/v3/user/emails'] = [{ email: 'octocat@example.com', primary: true, verified: false }];
    expect((await redeem(settings('github'))).account.emailVerified).toBe(false);
  });

  test('names no address if the person hides all', async () => {
    answers['/api/v3/user/emails'] = [];
    expect((await redeem(settings('github'))).account).toMatchObject({ email: null, emailVerified: false });
  });

  test('refuses an answer that reports an error with status 200', async () => {
    answers['/login/oauth/access_token'] = { error: 'bad_verification_code' };
    await expect(redeem(settings('github'))).rejects.toMatchObject({ name: 'ProviderError' });
  });

  test('refuses an answer without a user', async () => {
    answers['/api/v3/user'] = { message: 'Bad credentials' };
    await expect(redeem(settings('github'))).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('has no ID tokens', async () => {
    const provider = createProvider(settings('github'), outbound.fetch);
    await expect(provider.verify({ idToken: 'x' })).rejects.toMatchObject({ fault: 'invalid' });
  });
});

test('discord verifies an address by its field "verified"', async () => {
  answers['/api/oauth2/token'] = TOKENS;
  const user = {
    id: '80351110224678912',
    username: 'nelly',
    global_name: 'Nelly',
    email: 'nelly@example.com',
  };
  answers['/api/users/@me'] = { ...user, verified: true };
  expect((await redeem(settings('discord'))).account).toMatchObject({
    ...{ subject: user.id, email: user.email, emailVerified: true, name: 'Nelly' },
  });
  answers['/api/users/@me'] = { ...user, verified: false };
  expect((await redeem(settings('discord'))).account.emailVerified).toBe(false);
});

describe('azure', () => {
  test('verifies addresses of the one directory that the operator configured', async () => {
    await serveOpenId({ email: 'ann@example.com' });
    expect((await redeem(byIssuer('azure'))).account).toMatchObject({
      email: 'ann@example.com',
      emailVerified: true,
    });
  });

  test('of many directories, verifies only addresses whose domain the directory owns', async () => {
    const issuer = `${url}/common/v2.0`;
    const shared = { authorizationUrl: `${url}/common` };
    await serveOpenId({ email: 'ann@example.com' }, issuer);
    expect((await redeem(settings('azure', shared))).account.emailVerified).toBe(false);
    await serveOpenId({ email: 'ann@example.com', xms_edov: true }, issuer);
    expect((await redeem(settings('azure', shared))).account.emailVerified).toBe(true);
  });

  test('of many directories, takes the ID token of each of them', async () => {
    const origin = 'https://login.microsoftonline.com';
    const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47';
    const claims = { iss: `${origin}/${tenant}/v2.0`, tid: tenant, email: 'ann@example.com' };
    const served = [`${origin}/{tenantid}/v2.0`, `${origin}/common/v2.0`] as const;
    await serveOpenId(claims, ...served);
    const azure = createProvider(settings('azure', { authorizationUrl: undefined }), (address, init) =>
      outbound.fetch(String(address).replace(origin, url), init),
    );
    const { account } = await azure.redeem(RESPONSE);
    expect(account).toMatchObject({ issuer: claims.iss, subject: 'subject', emailVerified: false });
    await serveOpenId({ ...claims, tid: 'another' }, ...served);
    await expect(azure.redeem(RESPONSE)).rejects.toMatchObject({ fault: 'invalid' });
  });

  test.each(['Common', 'ORGANIZATIONS', '9188040d-6c67-4c5b-b112-36a304b66dad'])(
    'does not verify addresses of the directories of %s',
    async (tenants) => {
      const issuer = `${url}/${tenants}/v2.0`;
      await serveOpenId({ email: 'ann@example.com' }, issuer);
      const given = settings('azure', { authorizationUrl: `${url}/${tenants}` });
      expect((await redeem(given)).account.emailVerified).toBe(false);
    },
  );

  test('is all directories by default', () => {
    expect(baseOf({ name: 'azure' })).toBe('https://login.microsoftonline.com/common/v2.0');
    const authorizationUrl = 'https://login.microsoftonline.com/contoso';
    expect(baseOf({ name: 'azure', authorizationUrl })).toBe(`${authorizationUrl}/v2.0`);
  });
});

describe('apple', () => {
  const apple = (more: Partial<ProviderSettings> = {}) => byIssuer('apple', more);

  test('takes the name from the form of the first sign-in, and verification as a text', async () => {
    await serveOpenId({ email: 'ann@privaterelay.appleid.com', email_verified: 'true' });
    const user = JSON.stringify({ name: { firstName: 'Ann', lastName: 'Other' }, email: 'evil@example.com' });
    const { account } = await redeem(apple(), { user });
    expect(account).toMatchObject({
      email: 'ann@privaterelay.appleid.com',
      emailVerified: true,
      name: 'Ann Other',
    });
    expect((await redeem(apple(), { user: 'nonsense' })).account.name).toBeNull();
  });

  test('lets the browser post the answer', async () => {
    await serveOpenId({});
    const provider = createProvider(apple(), outbound.fetch);
    const request = { redirectUri: REDIRECT_URI, state: 's', nonce: 'n', codeChallenge: 'c'.repeat(43) };
    const asked = await provider.authorizationUrl({ ...request, scopes: [], extra: {} });
    expect(provider.formPost).toBe(true);
    expect(asked.searchParams.get('response_mode')).toBe('form_post');
    expect(asked.searchParams.get('scope')).toBe('openid name email');
  });

  test("gets a client secret that the operator's key signed", async () => {
    await serveOpenId({});
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const appleKey = { teamId: 'TEAM', keyId: 'KEY', privateKey: await exportPKCS8(privateKey) };
    await redeem(apple({ appleKey, clientSecret: undefined } as Partial<ProviderSettings>));
    const secret = forms[0]?.get('client_secret') ?? '';
    expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: 'KEY' });
    expect(decodeJwt(secret)).toMatchObject({
      iss: 'TEAM',
      sub: 'gateway',
      aud: 'https://appleid.apple.com',
    });
  });
});

test('a keycloak that serves no discovery document is asked at its known endpoints', async () => {
  answers['/protocol/openid-connect/token'] = { ...TOKENS, refresh_token: 'refresh' };
  const user = {
    sub: 'ann',
    email: 'ann@example.com',
    email_verified: true,
    name: 'Ann',
    preferred_username: 'ann',
  };
  answers['/protocol/openid-connect/userinfo'] = user;
  const { account, tokens } = await redeem(settings('keycloak'));
  expect(account).toMatchObject({ issuer: url, subject: 'ann', emailVerified: true });
  expect(account.profile).toMatchObject({ custom_claims: { preferred_username: 'ann' }, iss: url });
  expect(tokens).toEqual({ accessToken: 'access', refreshToken: 'refresh' });
});

test('gitlab and keycloak of the operator are found at their URL', () => {
  expect(baseOf({ name: 'gitlab' })).toBe('https://gitlab.com');
  expect(baseOf({ name: 'gitlab', authorizationUrl: 'https://git.example.com' })).toBe(
    'https://git.example.com',
  );
  const realm = 'https://login.example.com/realms/staff';
  expect(baseOf({ name: 'keycloak', authorizationUrl: realm })).toBe(realm);
  expect(baseOf({ name: 'google' })).toBe('https://accounts.google.com');
});

test('an issuer may end in a slash, which the configuration leaves out', async () => {
  const issuer = `${url}/application/o/gateway`;
  await serveOpenId({ email: 'ann@example.com', email_verified: true }, `${issuer}/`);
  const { account } = await redeem(byIssuer('authentik', { issuer }));
  expect(account).toMatchObject({ issuer: `${issuer}/`, emailVerified: true });
});

test('NUL characters are taken out of claims, and a claim of nothing else does not count', async () => {
  await serveOpenId({ email: '\0', email_verified: true, name: 'Ann\0 Other' });
  const { account } = await redeem(byIssuer('local'));
  expect(account).toMatchObject({ email: null, emailVerified: false, name: 'Ann Other' });
});

test('a subject that the database cannot hold is refused', async () => {
  for (const sub of ['a\0b', '\ud800']) {
    await serveOpenId({ sub });
    await expect(redeem(byIssuer('local'))).rejects.toMatchObject({ fault: 'invalid' });
  }
});

describe("an ID token of google's SDK for an application", () => {
  const shown = async (name: string, claims: JWTPayload) => {
    await serveOpenId({ email: 'ann@example.com', email_verified: true, azp: 'application', ...claims });
    const make = answers['/token'] as () => Promise<{ id_token: string }>;
    return createProvider(byIssuer(name), outbound.fetch).verify({ idToken: (await make()).id_token });
  };

  test('names the application, and is for the gateway', async () => {
    expect((await shown('google', {})).account.emailVerified).toBe(true);
  });

  test('must be for the gateway alone', async () => {
    await expect(shown('google', { aud: ['gateway', 'x'] })).rejects.toMatchObject({ fault: 'invalid' });
    await expect(shown('google', { aud: 'x' })).rejects.toMatchObject({ fault: 'invalid' });
  });

  test('of another provider is refused', async () => {
    await expect(shown('local', {})).rejects.toMatchObject({ fault: 'invalid' });
  });
});
