import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type RawAnswer, rawRequest, sendRaw } from '../support/raw-http.ts';

// Unusual hosts and request targets (RFC 9112 3.2), sent to every route.

type Route = {
  method: string;
  path: string;
  body?: string;
  contentType?: string;
  headers?: string[];
  /** Whether the errors have the form of GoTrue. */
  isGoTrue?: boolean;
};

let gateway: TestGateway;
let routes: Route[];
beforeAll(async () => {
  gateway = await startGateway({ env: { RATE_LIMITS: 'off', SWAGGER: 'on' } });
  routes = [...(await endpoints()), ...OTHERS];
});
afterAll(() => gateway.close());

const FORM = 'application/x-www-form-urlencoded';
const GRAPHQL: Route = { method: 'POST', path: '/graphql', body: '{"query":"{ __typename }"}' };
const PAGES = ['verify-email', 'change-email', 'reset-password'].map((page) => `/mail/${page}/pot_x`);
const OTHERS: Route[] = [
  GRAPHQL,
  { method: 'GET', path: '/graphql', headers: ['accept: text/html', 'accept-encoding: gzip'] },
  ...['/', '/health', '/ready', '/openapi.json', '/swagger', '/nowhere', '/mail/invite/x'].map((path) => ({
    method: 'GET',
    path,
  })),
  ...PAGES.map((path) => ({ method: 'GET', path })),
  ...PAGES.map((path) => ({ method: 'POST', path, body: 'new_password=x', contentType: FORM })),
  ...['/hasura/actions/generateJwk', '/hasura/actions/x', '/hasura/cron/prune'].map((path) => ({
    method: 'POST',
    path,
    body: '{}',
  })),
];

/** The endpoints in /openapi.json, so that these tests cover a new endpoint too. */
async function endpoints(): Promise<Route[]> {
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { tags: string[] }>>;
  };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { tags }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, 'x'),
      ...(method === 'post' && { body: '{}' }),
      isGoTrue: tags.includes('GoTrue'),
    })),
  );
}

const ask = (
  { path, headers = [], isGoTrue: _, ...route }: Route,
  { host = 'host: localhost', target = path, version = '1.1' as '1.0' | '1.1' } = {},
): Promise<RawAnswer> =>
  sendRaw(
    gateway.url,
    rawRequest({ ...route, target, version, headers: host === '' ? headers : [host, ...headers] }),
  );

/** Whether an answer shows internals of the gateway. */
const tellsInternals = ({ body }: RawAnswer) =>
  body.includes('    at ') || body.includes('node_modules') || body.includes('/src/');

/** How the dialect of a path spells an error. */
function formOf({ path, isGoTrue = false }: Pick<Route, 'path' | 'isGoTrue'>, code: string): unknown {
  if (isGoTrue) return { code: 400, error_code: 'validation_failed', msg: expect.any(String) };
  if (path === '/graphql') return { errors: [{ extensions: { code } }] };
  if (path.startsWith('/hasura/actions/'))
    return { message: expect.any(String), code, extensions: { code, attribute: null } };
  return { code, detail: expect.any(String), attribute: null };
}

function expectRefusal(answer: RawAnswer, route: Pick<Route, 'path' | 'isGoTrue'>): void {
  expect(answer.status).toBe(400);
  expect(tellsInternals(answer)).toBe(false);
  if (route.path.startsWith('/mail/')) expect(answer.body).toContain('<h1>That did not work</h1>');
  else expect(JSON.parse(answer.body)).toMatchObject(formOf(route, 'invalid_request') as object);
}

describe('an invalid Host header', () => {
  test.each([
    'a b',
    '[::1',
    '::1',
    '%00',
    '%',
    'localhost/path',
    'localhost?x',
    'user@localhost',
    '\\localhost',
    'localhost:99999',
    'localhost:x',
    ':4000',
    'b\xfccher.example',
    'b\xc3\xbccher.example',
    '999.999.999.999',
    'x'.repeat(2000),
  ])('“%s” answers 400 at every route, in the form of its dialect', async (host) => {
    for (const route of routes) expectRefusal(await ask(route, { host: `host: ${host}` }), route);
  });

  test('that is sent twice answers 400 at every route', async () => {
    for (const route of routes)
      expectRefusal(await ask(route, { host: 'host: localhost\r\nhost: localhost' }), route);
  });

  test('that is missing in HTTP/1.1 answers 400 at every route', async () => {
    for (const route of routes) expectRefusal(await ask(route, { host: '' }), route);
  });
});

describe('every route', () => {
  /** The parts that are equal in repeated answers. */
  const gist = ({ status, body }: RawAnswer) => ({ status, isPage: body.includes('<!doctype html>') });

  test.each([
    'host:',
    'host: [::1]:4000',
    'host: [::1]',
    'host: LOCALHOST:80',
    'host: my_service:4000',
    'host: localhost:',
    'host: 127.0.0.1',
    'host: xn--bcher-kva.example',
  ])('answers "%s" like host: localhost', async (host) => {
    for (const route of routes) expect(gist(await ask(route, { host }))).toEqual(gist(await ask(route)));
  });

  test('answers HTTP/1.0 without a Host header like host: localhost', async () => {
    for (const route of routes)
      expect(gist(await ask(route, { host: '', version: '1.0' }))).toEqual(gist(await ask(route)));
    for (const path of ['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks'])
      expect(await ask({ method: 'GET', path }, { host: '', version: '1.0' })).toMatchObject({ status: 200 });
  });

  test.each([
    'http://localhost',
    'HTTP://LOCALHOST:4000',
    'https://auth.example.com',
    'https://other.example:8443',
    'http://[::1]:4000',
  ])('answers an absolute target at %s like a path', async (origin) => {
    for (const route of routes)
      for (const rest of ['', '?a=b', '#c'])
        expect(gist(await ask(route, { target: origin + route.path + rest }))).toEqual(
          gist(await ask(route)),
        );
  });
});

describe('an absolute target', () => {
  test('without a path means the path /', async () => {
    const root = await ask({ method: 'GET', path: '/' });
    for (const target of ['http://localhost', 'http://localhost?a', 'http://localhost/'])
      expect(await ask({ method: 'GET', path: '/' }, { target })).toMatchObject({ status: root.status });
  });

  test('with an invalid host answers 400', async () => {
    for (const authority of ['', 'a b', '[::1', 'user:password@localhost', '%00', 'localhost:99999'])
      expect((await ask(GRAPHQL, { target: `http://${authority}/graphql` })).status).toBe(400);
  });

  test('without a Host header answers 400 invalid_request', async () => {
    expectRefusal(await ask(GRAPHQL, { host: '', target: 'http://localhost/graphql' }), GRAPHQL);
  });
});

describe('a path', () => {
  const graphql = async (target: string) => (await ask(GRAPHQL, { target })).body;

  test('reaches the same route in every spelling', async () => {
    for (const target of ['/a/../graphql', '/a/%2e%2E/graphql', '/./graphql', '/gr%61phql', '/graphql#x'])
      expect(JSON.parse(await graphql(target))).toEqual({ data: { __typename: 'Query' } });
    const health = await ask({ method: 'GET', path: '/health' });
    for (const target of ['/%68ealth', '/x/../health?y', '/%2e/health'])
      expect(await ask({ method: 'GET', path: '/health' }, { target })).toEqual({
        ...health,
        head: expect.any(String),
      });
  });

  test.each([
    '/%ff',
    '/%',
    '/%zz',
    '/%ed%a0%80',
    '/\\evil.example',
    '/api/exist-email/%ff',
    '/api/exist-email/%c3',
    '/api/verify-email/%ff',
    '/mail/verify-email/%ff',
    '/hasura/actions/%ff',
    '/graphql%ff',
  ])('with an invalid escape answers 400 invalid_request: %s', async (target) => {
    expectRefusal(await ask({ method: 'GET', path: target }), { path: target });
  });

  test.each([
    '*',
    'localhost:80',
    'localhost',
    'ftp://localhost/health',
    '//evil.example',
    '//evil.example/graphql',
    '/%00',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/graphql/',
    '/graphql%2f',
    '/health\xff',
    '/health%0d%0aX:y',
    '/api/verify-email/%00',
    '/mail/verify-email/%00',
    '/mail/invite/%00',
    '/api/exist-email/%00@example.com',
    `/${'x'.repeat(12_000)}`,
    `/${'%41'.repeat(4_000)}`,
    `/?${'x='.repeat(6_000)}`,
  ])('that is unusual never answers 5xx: %s', async (target) => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'PUT']) {
      const answer = await ask({ method, path: target, ...(method === 'POST' && { body: '{}' }) });
      expect(answer.status).toBeLessThan(500);
      expect(tellsInternals(answer)).toBe(false);
    }
  });

  test('of the whole server answers OPTIONS with 204', async () => {
    expect(await ask({ method: 'OPTIONS', path: '*' })).toMatchObject({ status: 204 });
    expect(await ask({ method: 'OPTIONS', path: 'http://localhost' })).toMatchObject({ status: 204 });
  });
});

test('the gateway logs no error for invalid and unusual targets', () => {
  expect(gateway.logged().match(/^.*"level":"(?:error|fatal)".*$/gm)).toBeNull();
});
