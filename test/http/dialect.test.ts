import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import { type Endpoint, endpoint } from '../../src/dialects/endpoint.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { shelf as dialect } from './shelf/endpoints.ts';
import { fault, profile, type ShelfServer, startShelf } from './shelf/server.ts';

// A dialect that only this test adds, beside the shipped dialects.

let shelf: ShelfServer;
beforeAll(async () => {
  shelf = await startShelf();
});
afterAll(() => shelf.close());

describe('methods', () => {
  test('GET and PUT share a path, and other methods answer 405 with both in Allow', async () => {
    expect(await shelf.send('GET', '/shelf/profile')).toMatchObject({ status: 200, body: { name: 'Ada' } });
    expect(await shelf.send('PUT', '/shelf/profile', { body: profile })).toMatchObject({
      status: 200,
      body: profile,
    });
    for (const method of ['POST', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await shelf.send(method, '/shelf/profile');
      expect(answer).toMatchObject({ status: 405, body: fault('MethodNotAllowed') });
      expect(answer.headers.get('allow')).toBe('GET, PUT');
      expect(answer.headers.get('x-shelf-fault')).toBe('MethodNotAllowed true');
    }
  });

  test('HEAD answers like GET without a body, and 405 where GET changes something or is missing', async () => {
    const head = await shelf.send('HEAD', '/shelf/books?limit=2');
    expect(head).toMatchObject({ status: 200, body: null });
    expect(head.headers.get('x-total')).toBe('7');
    expect((await shelf.send('HEAD', '/shelf/books?limit=x')).status).toBe(422);
    for (const [path, allow] of [
      ['/shelf/turn', 'GET'],
      ['/shelf/books/abc', 'DELETE, PATCH'],
    ] as const) {
      const refused = await shelf.send('HEAD', path);
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, allow]);
    }
    const turned = await shelf.send('GET', '/shelf/turn');
    expect([turned.status, turned.headers.get('location')]).toEqual([
      303,
      'https://shelf.example/next?page=2',
    ]);
  });

  test('an alias serves every endpoint of its dialect', async () => {
    expect(await shelf.send('PUT', '/old/shelf/profile', { body: profile })).toMatchObject({ status: 200 });
    expect(await shelf.send('GET', '/old/nothing')).toMatchObject({ status: 404, body: fault('NotFound') });
  });
});

describe('an endpoint below the aliases only', () => {
  test('leaves its path to another dialect', async () => {
    const keys = '/.well-known/jwks.json';
    expect((await shelf.send('GET', `/old${keys}`)).body).toEqual({ keys: ['shelf'] });
    expect((await shelf.send('GET', keys)).body).toMatchObject({ keys: [{ kty: expect.any(String) }] });
  });

  test('stops the start if the dialect has no alias', async () => {
    const lost = { ...dialect, aliases: [] };
    await expect(startHttpServer(shelf.gateway.deps, [lost])).rejects.toThrow(
      'GET /.well-known/jwks.json: The dialect has no alias to serve it below.',
    );
  });
});

test('a vital endpoint is answered even if the gateway is full, and logged quietly', async () => {
  shelf.setBusy(true);
  for (const path of ['/old/.well-known/jwks.json', '/.well-known/jwks.json', '/api/v1/jwks', '/health'])
    expect(await shelf.send('GET', path)).toMatchObject({ status: 200 });
  shelf.setBusy(false);
  await shelf.send('GET', '/shelf/books');
  const levelOf = (route: string) =>
    shelf.gateway
      .logged()
      .match(new RegExp(`.*"route":"${route}".*`))?.[0]
      .match(/"level":"?(\w+)/)?.[1];
  await expect.poll(() => levelOf('/shelf/books')).toBe('info');
  for (const route of ['/old/.well-known/jwks.json', '/health']) expect(levelOf(route)).toBe('debug');
});

test('the server does not start if a vital path has a parameter or a method that is not vital', async () => {
  const get = endpoint({
    method: 'GET',
    path: '/shelf/a',
    docs: null,
    isVital: true,
    handle: () => new Response(),
  });
  for (const endpoints of [
    [get, { ...get, method: 'POST', isVital: false }],
    [{ ...get, path: '/shelf/:id' }],
  ]) {
    const mixed: Dialect = { ...dialect, endpoints: () => endpoints as Endpoint[] };
    await expect(startHttpServer(shelf.gateway.deps, [mixed])).rejects.toThrow(
      'A vital path has no parameter',
    );
  }
});

test('a dialect that is off answers as if it did not exist', async () => {
  const form = { code: 'not_found', attribute: null };
  const headers = { origin: 'https://shelf.example', 'access-control-request-method': 'PUT' };
  for (const path of ['/unconfigured/profile', '/unconfigured', '/unconfigured/nothing'])
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const answer = await shelf.send(method, path, { headers });
      expect(answer).toMatchObject({ status: 404, body: form });
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    }
  const { deps } = shelf.gateway;
  const off = { ...dialect, isEnabled: () => false };
  // A dialect that is off may serve the same paths.
  const { close } = await startHttpServer(deps, [dialect, off]);
  await close();
});

describe('parameters', () => {
  const remove = (title: string) =>
    sendRaw(
      shelf.url,
      rawRequest({ method: 'DELETE', target: `/shelf/books/${title}`, headers: ['host: localhost'] }),
    );

  test('of a path are decoded once', async () => {
    for (const [spelled, title] of [
      ['a%2Fb', 'a/b'],
      ['50%25', '50%'],
      ['%2525', '%25'],
      ['M%C3%BCller+x', 'Müller+x'],
      ['..%2f..', '../..'],
      ['%5F%5Fproto%5F%5F', '__proto__'],
    ] as const) {
      const answer = await remove(spelled);
      expect(answer.status).toBe(204);
      expect(answer.head).toContain(`x-deleted: ${encodeURIComponent(title).toLowerCase()}`);
    }
  });

  test('of a path answer 422 for an invalid value and 400 for invalid UTF-8', async () => {
    const short = await remove('x');
    expect([short.status, JSON.parse(short.body)]).toEqual([422, fault('Invalid', 'title')]);
    for (const title of ['%ff', '%', 'a%ed%a0%80']) {
      const answer = await remove(title);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([400, fault('InvalidRequest')]);
    }
    expect((await remove('a/b')).status).toBe(404);
  });

  test.each([
    ['', { limit: 10, tag: [] }],
    ['?limit=3&lent=true&author=', { limit: 3, tag: [], lent: true, author: '' }],
    ['?tag=a&tag=b%20c&tag=', { limit: 10, tag: ['a', 'b c', ''] }],
    ['?tag=a', { limit: 10, tag: ['a'] }],
    ['?author=first&author=second', { limit: 10, tag: [], author: 'first' }],
    ['?unknown=1&__proto__=x&constructor=y', { limit: 10, tag: [] }],
  ])('of a query have the types of their schema: %s', async (query, body) => {
    expect(await shelf.send('GET', `/shelf/books${query}`)).toMatchObject({ status: 200, body });
  });

  test.each([
    ['?limit=0', 422, 'Invalid', 'limit'],
    ['?limit=ten&lent=perhaps', 422, 'Invalid', 'limit'],
    ['?lent=perhaps', 422, 'Invalid', 'lent'],
    ['?tag=%ff', 400, 'InvalidRequest', null],
  ])('of a query answer an error for an invalid value: %s', async (query, status, kind, where) => {
    expect(await shelf.send('GET', `/shelf/books${query}`)).toMatchObject({
      status,
      body: fault(kind, where),
    });
  });
});

describe('the order of the checks', () => {
  const large = 'x'.repeat(1_100_000);
  const authorization = 'Bearer librarian';

  test('is method, caller, path, query, body', async () => {
    const patch = (path: string, headers: Record<string, string>, body: unknown) =>
      shelf.send('PATCH', `/shelf/books/${path}`, { body, headers });
    expect(await patch('x', {}, large)).toMatchObject({ status: 401, body: fault('Unauthenticated') });
    expect(await patch('x', { authorization }, large)).toMatchObject({ body: fault('Invalid', 'title') });
    expect(await patch('xy', { authorization }, large)).toMatchObject({ body: fault('Required', 'edition') });
    expect(await patch('xy?edition=2', { authorization }, large)).toMatchObject({ status: 413 });
    expect(await patch('xy?edition=2', { authorization }, { title: 'Emma' })).toMatchObject({
      status: 200,
      body: { by: 'librarian', params: { title: 'xy' }, query: { edition: 2 }, body: { title: 'Emma' } },
    });
  });

  test('leaves a body unread if its endpoint has no body schema', async () => {
    expect(await shelf.send('DELETE', '/shelf/books/Emma', { body: large })).toMatchObject({ status: 204 });
  });

  test('identifies the caller only for an endpoint that reads the caller', async () => {
    const headers = { 'x-hasura-gateway-secret': 'wrong' };
    expect(await shelf.send('GET', '/shelf/books', { headers })).toMatchObject({ status: 200 });
    expect(await shelf.send('PUT', '/shelf/profile', { headers, body: profile })).toMatchObject({
      status: 200,
    });
    expect(await shelf.send('GET', '/shelf/reader', { headers })).toMatchObject({
      status: 403,
      body: fault('PermissionDenied'),
    });
    expect(await shelf.send('GET', '/shelf/reader')).toMatchObject({ body: { address: '127.0.0.1' } });
  });
});

describe('pages of other origins', () => {
  const corsOf = async (method: string, path: string, origin: string) => {
    const answer = await shelf.send(method, path, {
      headers: { origin, 'access-control-request-method': 'PUT' },
    });
    const { status, headers } = answer;
    const cors = [...headers].filter(([name]) => name.startsWith('access-control-'));
    return { status, ...Object.fromEntries(cors.map(([name, value]) => [name.slice(15), value])) };
  };
  const allowed = {
    'allow-origin': 'https://shelf.example',
    'allow-credentials': 'true',
    'expose-headers': 'x-total',
  };

  test('may call by the rule of the dialect', async () => {
    for (const path of ['/shelf/books/a%2Fb', '/old/shelf/profile', '/shelf/nothing', '/librarians/a%2Fb'])
      expect(await corsOf('OPTIONS', path, 'https://shelf.example')).toEqual({
        status: 204,
        ...allowed,
        'allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        'allow-headers': 'content-type, x-reader',
        'max-age': '600',
      });
    expect(await corsOf('GET', '/shelf/profile', 'https://shelf.example')).toEqual({
      status: 200,
      ...allowed,
    });
    expect(await corsOf('POST', '/shelf/profile', 'https://shelf.example')).toEqual({
      status: 405,
      ...allowed,
    });
  });

  test('may not call by the rule of another dialect', async () => {
    expect(await corsOf('OPTIONS', '/shelf/profile', 'https://app.example')).toEqual({ status: 405 });
    expect(await corsOf('OPTIONS', '/api/login', 'https://shelf.example')).toEqual({ status: 405 });
    expect(await corsOf('OPTIONS', '/api/login', 'https://app.example')).toMatchObject({
      status: 204,
      'allow-methods': 'GET, POST',
    });
    expect(await corsOf('OPTIONS', '/librarians/a/b', 'https://shelf.example')).toEqual({ status: 404 });
    expect(await corsOf('OPTIONS', '/shelf-life', 'https://shelf.example')).toEqual({ status: 404 });
  });

  test('get an answer to their preflight from a busy gateway', async () => {
    shelf.setBusy(true);
    expect(await corsOf('OPTIONS', '/shelf/profile', 'https://shelf.example')).toMatchObject({ status: 204 });
    expect(await corsOf('GET', '/shelf/profile', 'https://shelf.example')).toEqual({
      status: 503,
      ...allowed,
    });
    shelf.setBusy(false);
  });
});

test('the server does not start if two dialects serve one path', async () => {
  const double = { ...dialect, name: 'double' };
  await expect(startHttpServer(shelf.gateway.deps, [dialect, double])).rejects.toThrow(
    'shelf and double both serve /shelf/profile.',
  );
});
