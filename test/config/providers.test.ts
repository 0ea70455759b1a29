import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { problemsOf } from './problems.ts';

const GOOGLE = { name: 'google', clientId: 'id', clientSecret: 'hunter2' };

function problemsOfProviders(providers: unknown, env: Record<string, string> = {}): readonly string[] {
  const OAUTH_PROVIDERS = typeof providers === 'string' ? providers : JSON.stringify(providers);
  return problemsOf({ OAUTH_PROVIDERS, ...env });
}

test.each<[string, object]>([
  ['google', GOOGLE],
  ['scopes in one text', { ...GOOGLE, scopes: 'https://www.googleapis.com/auth/calendar profile' }],
  ['an OIDC issuer', { ...GOOGLE, name: 'auth0', issuer: 'https://example.auth0.com/' }],
  [
    "keycloak by its realm's URL",
    { ...GOOGLE, name: 'keycloak', authorizationUrl: 'https://kc.example.com/realms/a' },
  ],
  [
    'apple with a key',
    {
      name: 'apple',
      clientId: 'id',
      appleKey: { teamId: 't', keyId: 'k', privateKey: '-----BEGIN PRIVATE KEY-----' },
    },
  ],
])('OAUTH_PROVIDERS accepts %s', (_title, provider) => {
  expect(problemsOfProviders([provider])).toEqual([]);
});

test('OAUTH_PROVIDERS keeps what it says', () => {
  const OAUTH_PROVIDERS = JSON.stringify([{ ...GOOGLE, scopes: 'a, b' }]);
  expect(readConfig({ OAUTH_PROVIDERS }).providers).toEqual([
    { ...GOOGLE, scopes: ['a', 'b'], clientIds: [] },
  ]);
  expect(readConfig({}).providers).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['text that is not JSON', '[{"name": hunter2', 'must be JSON'],
  ['an object', GOOGLE, 'Invalid input: expected array, received object'],
  ['an unknown attribute', [{ ...GOOGLE, hunter2: 1 }], 'provider 1: has an unknown attribute'],
  [
    'a missing client',
    [GOOGLE, { name: 'github', clientSecret: 'hunter2' }],
    'provider 2: clientId Invalid input: expected string, received undefined',
  ],
  ['a missing secret', [{ name: 'google', clientId: 'id' }], 'provider 1: clientSecret is required'],
  ['a name twice', [GOOGLE, GOOGLE], 'provider 2: the name is there twice'],
  ['a reserved name', [{ ...GOOGLE, name: 'email' }], 'provider 1: name is reserved'],
  [
    'a name in capitals',
    [{ ...GOOGLE, name: 'Hunter2' }],
    'provider 1: name must be small letters, digits, - and _',
  ],
  ['an unknown provider without an issuer', [{ ...GOOGLE, name: 'auth0' }], 'provider 1: issuer is required'],
  [
    'keycloak without a realm',
    [{ ...GOOGLE, name: 'keycloak' }],
    "provider 1: authorizationUrl is required: the realm's URL",
  ],
  [
    'an issuer with a password',
    [{ ...GOOGLE, name: 'x', issuer: 'https://a:hunter2@example.com' }],
    'provider 1: issuer must not hold a user, a query or a fragment',
  ],
  [
    'an issuer of another scheme',
    [{ ...GOOGLE, name: 'x', issuer: 'ftp://example.com' }],
    'provider 1: issuer must be an http or https URL',
  ],
  [
    'an issuer without TLS',
    [{ ...GOOGLE, name: 'x', issuer: 'http://example.com' }],
    'provider 1 needs https, or its host in ALLOW_PRIVATE_ADDRESSES',
  ],
  [
    'a key for another provider than apple',
    [{ ...GOOGLE, appleKey: { teamId: 't', keyId: 'k', privateKey: 'PRIVATE KEY' } }],
    'provider 1: appleKey is for apple only',
  ],
  [
    'apple with neither secret nor key',
    [{ name: 'apple', clientId: 'id' }],
    'provider 1: needs either clientSecret or appleKey',
  ],
  ['a scope with a quote', [{ ...GOOGLE, scopes: ['"'] }], 'provider 1: scopes.0 must be scopes'],
])('OAUTH_PROVIDERS refuses %s without quoting a value', (_title, providers, problem) => {
  const problems = problemsOfProviders(providers);
  expect(problems).toEqual([`OAUTH_PROVIDERS: ${problem}`]);
  expect(problems.join()).not.toMatch(/hunter2/i);
});

test('a provider on a private host may have http if the operator allows the host', () => {
  const provider = { ...GOOGLE, name: 'local', issuer: 'http://127.0.0.1:9000' };
  expect(problemsOfProviders([provider], { ALLOW_PRIVATE_ADDRESSES: 'on' })).toEqual([]);
});
