import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { expectError, send } from './wire.ts';

// What all paths of the GoTrue dialect share: where they are, the form of errors, and CORS.

const PLACES = ['', '/gotrue', '/gotrue/auth/v1'];
const PAGE = 'https://app.example.com';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { CORS_ORIGINS: PAGE } });
});
afterAll(() => gateway.close());

describe('the places of the dialect', () => {
  test.each(PLACES)('%s/settings names the known providers, those that are off too', async (place) => {
    const { status, body } = await send(gateway, 'GET', `${place}/settings`);
    expect(status).toBe(200);
    expect(Object.keys(body as object)).toEqual([
      ...['external', 'disable_signup', 'mailer_autoconfirm', 'phone_autoconfirm', 'sms_provider'],
      ...['saml_enabled', 'saml_private_key_next_configured', 'passkeys_enabled', 'autoconfirm'],
    ]);
    const { external } = body as { external: Record<string, boolean> };
    expect(Object.keys(external)).toHaveLength(26);
    expect(external).toMatchObject({ email: true, google: false, zoom: false });
  });

  test.each(PLACES)('%s/health and the keys are there without credentials', async (place) => {
    const health = await send(gateway, 'GET', `${place}/health`);
    expect(health).toMatchObject({ status: 200, body: { version: expect.any(String), name: 'Portcullis' } });
    expect(health.headers.has('set-cookie')).toBe(false);
    const keys = await send(gateway, 'GET', `${place}/.well-known/jwks.json`);
    expect(keys).toMatchObject({ status: 200, body: { keys: [{ kty: 'EC', alg: 'ES256' }] } });
    expect(keys.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
  });

  test('a wrong method answers 405 with Allow and without a body', async () => {
    for (const place of PLACES) {
      const answer = await send(gateway, 'POST', `${place}/settings`, { body: {} });
      expect([answer.status, answer.body, answer.headers.get('allow')]).toEqual([405, null, 'GET']);
    }
  });

  test('an unknown path answers 404', async () => {
    expectError(await send(gateway, 'GET', '/gotrue/no-such-path'), 404, 'not_found', '404 page not found');
    expect(await send(gateway, 'GET', '/no-such-path')).toMatchObject({ status: 404 });
  });

  test('DIALECTS without gotrue answers 404 at all of them', async () => {
    const off = await startGateway({ replicaOf: gateway, env: { DIALECTS: 'portal,teams' } });
    for (const place of PLACES)
      expect(await send(off, 'GET', `${place}/settings`)).toMatchObject({ status: 404 });
    await off.close();
  });
});

describe('the form of errors', () => {
  const refused = (headers: Record<string, string> = {}) =>
    send(gateway, 'GET', '/gotrue/no-such-path', { headers });

  test.each(['2024-01-01', '2025-06-01'])(
    'for version %s names the code, and echoes 2024-01-01',
    async (at) => {
      const answer = await refused({ 'x-supabase-api-version': at });
      expect(answer.body).toEqual({ code: 'not_found', message: '404 page not found' });
      expect(answer.headers.get('x-supabase-api-version')).toBe('2024-01-01');
      expect(answer.headers.get('x-sb-error-code')).toBe('not_found');
    },
  );

  test.each(['2023-12-31', 'yesterday', '2024-13-01', '2024-1-1'])(
    'for an earlier or unreadable version (%s) is the first one',
    async (at) => {
      const answer = await refused({ 'x-supabase-api-version': at });
      expectError(answer, 404, 'not_found', '404 page not found');
      expect(answer.headers.has('x-supabase-api-version')).toBe(false);
    },
  );
});

describe('CORS', () => {
  const preflight = (path: string, origin: string) =>
    send(gateway, 'OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'apikey,authorization,x-client-info,x-supabase-api-version',
      },
    });

  test('a page of a configured origin may call every path, without cookies', async () => {
    for (const path of ['/settings', '/gotrue/settings', '/gotrue/auth/v1/settings', '/gotrue/unknown']) {
      const { status, headers } = await preflight(path, PAGE);
      expect([status, headers.get('access-control-allow-origin')]).toEqual([204, PAGE]);
      expect(headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE');
      const allowed = headers.get('access-control-allow-headers')?.split(', ');
      for (const name of ['apikey', 'authorization', 'content-type', 'x-client-info', 'prefer', 'accept'])
        expect(allowed).toContain(name);
      expect(allowed).toEqual(expect.arrayContaining(['x-supabase-api-version', 'traceparent', 'x-jwt-aud']));
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  test('a page of another origin may not', async () => {
    const { headers } = await preflight('/gotrue/settings', 'https://evil.example');
    expect(headers.has('access-control-allow-origin')).toBe(false);
  });

  test('every page may read the keys', async () => {
    const { status, headers } = await preflight('/.well-known/jwks.json', 'https://any.example');
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(headers.get('access-control-allow-headers')).toContain('apikey');
  });
});
