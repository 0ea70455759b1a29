import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { type ForeignStage, openForeignStage } from './foreign-stage.ts';
import { frontend } from './scenarios/frontend.ts';

// Engines of other teams that identify people in other ways, as the stand-in plays them, and what they tell admin of that.

let stage: ForeignStage;
afterEach(() => stage.close());

const NAMESPACE = 'https://hasura.io/jwt/claims';
const KEY = 'a key of another team, which has 32 bytes';
const ADA = '00000000-0000-4000-8000-000000000001';
const CLAIMS = {
  [NAMESPACE]: {
    'x-hasura-allowed-roles': ['user'],
    'x-hasura-default-role': 'user',
    'x-hasura-user-id': ADA,
  },
};
const sign = (claims: Record<string, unknown>, issuer?: string) => {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' });
  return (issuer === undefined ? token : token.setIssuer(issuer)).sign(new TextEncoder().encode(KEY));
};
const withToken = (token: string) => frontend(stage.engine.url, { authorization: `Bearer ${token}` });
const config = async (secret = stage.engine.adminSecret) => {
  const url = new URL('/v1alpha1/config', stage.engine.url);
  const response = await fetch(url, { headers: { 'x-hasura-admin-secret': secret } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test('an engine with a key of its own trusts tokens of that key and issuer alone', async () => {
  const secret = { type: 'HS256', key: KEY, issuer: 'https://id.example.com' };
  stage = await openForeignStage([], { env: { HASURA_GRAPHQL_JWT_SECRET: JSON.stringify(secret) } });
  const token = await sign(CLAIMS, secret.issuer);
  expect(await withToken(token).run('{ customers { name } }')).toEqual({ customers: [{ name: 'Ada' }] });
  const refusals = [
    await sign(CLAIMS, 'https://auth.example.com'),
    `${token}x`,
    await sign({}, secret.issuer),
  ];
  const messages = await Promise.all(
    refusals.map(async (refused) => (await withToken(refused).refused('{ __typename }'))[0]),
  );
  expect(messages.map((error) => [error?.extensions.code, error?.message])).toEqual([
    ['invalid-jwt', 'Could not verify JWT: JWTNotInIssuer'],
    ['invalid-jwt', 'Could not verify JWT: JWSError JWSInvalidSignature'],
    ['jwt-missing-role-claims', `claims key: '${NAMESPACE}' not found`],
  ]);
});

test('an engine without issuer and audience takes every token of its key', async () => {
  const secret = JSON.stringify({ type: 'HS256', key: KEY });
  stage = await openForeignStage([], { env: { HASURA_GRAPHQL_JWT_SECRET: secret } });
  for (const issuer of ['https://auth.example.com', undefined])
    expect(await withToken(await sign(CLAIMS, issuer)).run('{ customers { name } }')).toEqual({
      customers: [{ name: 'Ada' }],
    });
});

test('an engine with a webhook believes the webhook’s user ids', async () => {
  const hook = createServer((request, response) => {
    if (request.headers['x-key'] !== 'right') return void response.writeHead(401).end();
    response.end(JSON.stringify({ 'X-Hasura-Role': 'user', 'X-Hasura-User-Id': ADA }));
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const HASURA_GRAPHQL_AUTH_HOOK = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  stage = await openForeignStage([], { env: { HASURA_GRAPHQL_AUTH_HOOK, HASURA_GRAPHQL_JWT_SECRET: null } });
  const page = (key: string) => frontend(stage.engine.url, { 'x-key': key });
  expect(await page('right').run('{ customers { name } }')).toEqual({ customers: [{ name: 'Ada' }] });
  expect((await page('wrong').refused('{ __typename }'))[0]?.extensions.code).toBe('access-denied');
  expect((await config()).body).toMatchObject({ is_auth_hook_set: true, is_jwt_set: false, jwt: [] });
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
});

test('the config API tells admin flags, and neither issuer nor role', async () => {
  stage = await openForeignStage([], { version: 'v2.48.5' });
  const { status, body } = await config();
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      ...{ version: 'v2.48.5', is_jwt_set: true, is_auth_hook_set: false, is_admin_secret_set: true },
      ...{ is_remote_schema_permissions_enabled: true, experimental_features: [] },
      jwt: [{ claims_namespace: NAMESPACE, claims_format: 'json' }],
    },
  });
  expect(JSON.stringify(body)).not.toMatch(/issuer|audience|jwk_url|anonymous/);
  expect((await config('wrong')).status).toBe(401);
  const version = await fetch(new URL('/v1/version', stage.engine.url));
  expect(await version.json()).toEqual({ version: 'v2.48.5', server_type: 'ce' });
});

test('without the config and metadata APIs both answer 404', async () => {
  stage = await openForeignStage([], { env: { HASURA_GRAPHQL_ENABLED_APIS: 'graphql' } });
  expect((await config()).status).toBe(404);
  expect((await stage.ask('export_metadata', {})).status).toBe(404);
});
