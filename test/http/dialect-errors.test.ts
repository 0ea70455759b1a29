import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.ts';
import { dialects } from '../../src/http/router.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { fault, type ShelfServer, startShelf } from './shelf/server.ts';

// A dialect that only this test adds, beside the shipped dialects.

let shelf: ShelfServer;
beforeAll(async () => {
  shelf = await startShelf();
});
afterAll(() => shelf.close());

describe('errors', () => {
  test('of unknown paths have the dialect’s form below its prefix and the portal’s form elsewhere', async () => {
    for (const path of ['/shelf', '/shelf/nothing', '/shelf/books/a/b', '/old', '/old/x'])
      expect(await shelf.send('POST', path)).toMatchObject({ status: 404, body: fault('NotFound') });
    for (const path of ['/shelf-life', '/api/nothing', '/nothing', '/librarians/a/b'])
      expect(await shelf.send('POST', path)).toMatchObject({
        status: 404,
        body: { code: 'not_found', attribute: null },
      });
  });

  test('of a busy gateway and of a malformed request have the form of the dialect', async () => {
    shelf.setBusy(true);
    for (const path of ['/shelf/profile', '/shelf/nothing', '/old/shelf/books']) {
      const answer = await shelf.send('GET', path);
      expect(answer).toMatchObject({ status: 503, body: fault('Busy') });
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect(await shelf.send('GET', '/api/v1/contracts')).toMatchObject({
      status: 503,
      body: { code: 'busy' },
    });
    shelf.setBusy(false);
    const malformed = await sendRaw(
      shelf.url,
      rawRequest({ target: '/shelf/profile', headers: ['host: a b'] }),
    );
    expect([malformed.status, JSON.parse(malformed.body)]).toEqual([400, fault('InvalidRequest')]);
  });
});

describe('the form of an error', () => {
  test('depends on the query, the method and the path', async () => {
    const brief = { brief: 'MethodNotAllowed' };
    expect(await shelf.send('POST', '/shelf/profile?x=%ff&errors=brief')).toMatchObject({ body: brief });
    expect(await shelf.send('POST', '/shelf/nothing?errors=brief')).toMatchObject({
      body: { brief: 'NotFound' },
    });
    shelf.setBusy(true);
    const led = await shelf.send('GET', '/shelf/turn');
    shelf.setBusy(false);
    expect([led.status, led.body, led.headers.get('location')]).toEqual([
      303,
      null,
      'https://shelf.example/?error=Busy',
    ]);
    expect(await shelf.send('POST', '/shelf/turn')).toMatchObject({ body: fault('MethodNotAllowed') });
  });

  test('has the details that the dialect names, and no others', async () => {
    const { fault: shown } = fault('Unavailable');
    const answer = await shelf.send('GET', '/shelf/closed');
    expect(answer).toMatchObject({ status: 503 });
    expect(answer.body).toEqual({ fault: { ...shown, opensAt: '09:00' } });
  });

  test('of GraphQL and of the shipped dialects has no detail that they do not name', () => {
    const error = new AuthError('unavailable', { details: { opensAt: '09:00' } });
    const request = { id: '', method: 'GET', path: '/', headers: {}, query: new URLSearchParams() };
    expect(error.extensions).toEqual({ code: 'unavailable', attribute: null });
    for (const { dialect, body } of dialects.map((dialect) => ({
      dialect,
      body: dialect.spellError(error, request).body,
    })))
      expect(JSON.stringify(body), dialect.name).not.toContain('09:00');
  });
});
