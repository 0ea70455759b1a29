import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { problemsOf } from '../config/problems.ts';
import { newPerson, PUBLIC_URL, startGateway, type TestGateway } from '../support/gateway.ts';

// Which pages may call the gateway, and which headers they may send.

const ALLOWED =
  'authorization, content-type, x-request-id, traceparent, tracestate, baggage, sentry-trace, b3, x-b3-traceid, x-b3-spanid, x-b3-parentspanid, x-b3-sampled';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    env: {
      CORS_ORIGINS: ' https://App.Example.com:443 , https://bücher.example/,capacitor://localhost ',
      CORS_ALLOWED_HEADERS: 'X-Tenant, x-request-id',
      REFRESH_COOKIE: 'lax',
    },
  });
});
afterAll(() => gateway.close());

const ORIGINS = ['https://app.example.com', 'https://xn--bcher-kva.example', 'capacitor://localhost'];
const OTHER_ORIGINS = [
  'https://app.example.com:8443',
  'https://App.Example.com',
  'https://app.example.com.evil.example',
  'http://app.example.com',
  'ionic://localhost',
  'null',
];

const preflight = async (origin: string, at = gateway, path = '/graphql') => {
  const headers = { origin, 'access-control-request-method': 'POST' };
  const answer = await fetch(at.url + path, { method: 'OPTIONS', headers });
  return {
    status: answer.status,
    origin: answer.headers.get('access-control-allow-origin'),
    headers: answer.headers.get('access-control-allow-headers'),
    credentials: answer.headers.get('access-control-allow-credentials'),
  };
};

describe('a page of an allowed origin', () => {
  test.each(ORIGINS)('of %s may call every path, with cookies only at /graphql', async (origin) => {
    const allowed = { status: 204, origin, headers: `${ALLOWED}, x-tenant` };
    expect(await preflight(origin)).toEqual({ ...allowed, credentials: 'true' });
    expect(await preflight(origin, gateway, '/api/login')).toEqual({ ...allowed, credentials: null });
  });

  test.each(ORIGINS)('of %s may keep the refresh token in a cookie', async (origin) => {
    const { email, password, name } = newPerson();
    const query = `mutation ($input: SignupInput!) { signup(input: $input) { refreshToken } }`;
    const variables = { input: { email, password, name, cookie: true } };
    const answer = await gateway.post('/graphql', { query, variables }, { origin });
    expect(answer.body).toEqual({ data: { signup: { refreshToken: null } } });
    expect(answer.headers.get('set-cookie')).toContain('portcullis-refresh=');
  });
});

describe('a page of another origin', () => {
  test.each(OTHER_ORIGINS)('of %s may not call', async (origin) => {
    expect(await preflight(origin)).toMatchObject({ origin: null, headers: null, credentials: null });
  });

  test.each([...OTHER_ORIGINS, ''])(
    'of “%s” may not use the refresh cookie: cross_site_request',
    async (origin) => {
      const query = 'mutation { refresh { accessToken } }';
      const answer = await gateway.post('/graphql', { query }, origin === '' ? {} : { origin });
      expect(answer.body).toMatchObject({ errors: [{ extensions: { code: 'cross_site_request' } }] });
    },
  );
});

test('only tracing headers and the standard headers are allowed by default', async () => {
  const plain = await startGateway({
    replicaOf: gateway,
    env: { CORS_ORIGINS: '*', CORS_ALLOWED_HEADERS: '' },
  });
  expect(await preflight('https://any.example', plain)).toMatchObject({ origin: '*', headers: ALLOWED });
  await plain.close();
});

test('with CORS_ORIGINS=* no page gets cookies, and only a page of the gateway may use the refresh cookie', async () => {
  const open = await startGateway({ replicaOf: gateway, env: { CORS_ORIGINS: '*', REFRESH_COOKIE: 'lax' } });
  const own = new URL(PUBLIC_URL).origin;
  const query = 'mutation { refresh { accessToken } }';
  const codeOf = async (origin: string) => {
    const { body, headers } = await open.post('/graphql', { query }, { origin, cookie: 'x=y' });
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    return (body as { errors: [{ extensions: { code: string } }] }).errors[0].extensions.code;
  };
  for (const origin of ['https://any.example', ...ORIGINS, '*', 'null']) {
    expect(await preflight(origin, open)).toMatchObject({ origin: '*', credentials: null });
    expect(await codeOf(origin)).toBe('cross_site_request');
  }
  expect(await codeOf(own)).toBe('required');
  await open.close();
});

describe('the configuration of CORS', () => {
  const originsOf = (CORS_ORIGINS: string) => readConfig({ CORS_ORIGINS }).http.corsOrigins;

  test.each([
    ['https://App.Example.com:443', ['https://app.example.com']],
    ['http://localhost:80', ['http://localhost']],
    ['HTTPS://app.example.com/', ['https://app.example.com']],
    ['https://app.example.com:8443', ['https://app.example.com:8443']],
    ['https://app.example.com,https://APP.example.com:443', ['https://app.example.com']],
    ['https://bücher.example', ['https://xn--bcher-kva.example']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
    ['http://127.1:3000', ['http://127.0.0.1:3000']],
    ['capacitor://localhost', ['capacitor://localhost']],
    ['Ionic://localhost/', ['ionic://localhost']],
    ['tauri://localhost', ['tauri://localhost']],
    ['chrome-extension://abcdefghijklmnop', ['chrome-extension://abcdefghijklmnop']],
    ['*', ['*']],
    ['', []],
  ])('normalizes the origin %s to the spelling of browsers', (text, origins) => {
    expect(originsOf(text)).toEqual(origins);
  });

  const MORE = 'holds more than a scheme, a host and a port: browsers send only these';
  const NO_HOST = 'is not a scheme and a host, like https://app.example.com';
  test.each([
    ['https://app.example.com/path', MORE],
    ['https://app.example.com/?a=b', MORE],
    ['https://app.example.com?', MORE],
    ['https://app.example.com#a', MORE],
    ['https://user@app.example.com', MORE],
    ['https://user:word@app.example.com', MORE],
    ['capacitor://localhost/index.html', MORE],
    ['app.example.com', NO_HOST],
    ['https://', NO_HOST],
    ['https://a b', NO_HOST],
    ['https://app.example.com:99999', NO_HOST],
    ['null', NO_HOST],
    ['capacitor:localhost', NO_HOST],
    ['https://*.example.com', 'holds a *: name each origin, or allow all of them with * alone'],
    ['file:///index.html', NO_HOST],
    ['file://host', 'has the scheme file, whose pages have no origin'],
    ['wss://app.example.com', 'has the scheme wss, whose pages have no origin'],
    ['ftp://app.example.com', 'has the scheme ftp, whose pages have no origin'],
  ])('refuses the origin %s, which would never match', (text, problem) => {
    expect(problemsOf({ CORS_ORIGINS: `https://first.example.com, ${text}` })).toEqual([
      `CORS_ORIGINS: origin 2 ${problem}`,
    ]);
  });

  test('names every invalid origin by its position', () => {
    expect(problemsOf({ CORS_ORIGINS: 'https://a.example/x,https://b.example,c' })).toEqual([
      `CORS_ORIGINS: origin 1 ${MORE}`,
      `CORS_ORIGINS: origin 3 ${NO_HOST}`,
    ]);
  });

  test.each(['x y', 'x:', 'ä', '('])('refuses "%s" as the name of a header', (name) => {
    expect(problemsOf({ CORS_ALLOWED_HEADERS: `x-a,${name},x-b` })).toEqual([
      'CORS_ALLOWED_HEADERS: must be names of headers',
    ]);
  });
});
