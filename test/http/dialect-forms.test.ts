import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../src/dialects/endpoint.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { shelf as dialect } from './shelf/endpoints.ts';
import { fault, type ShelfServer, startShelf } from './shelf/server.ts';

// Form bodies of a dialect that only this test adds.

let shelf: ShelfServer;
beforeAll(async () => {
  shelf = await startShelf();
});
afterAll(() => shelf.close());

const FORM = 'application/x-www-form-urlencoded';
const lend = (body: string, type = FORM, headers: Record<string, string> = {}) =>
  shelf.send('POST', '/shelf/loans', { body, headers: { 'content-type': type, ...headers } });

test.each([
  ['state=a', { state: 'a', book: [] }],
  ['state=a%20b+c%C3%A4&days=3', { state: 'a b cä', days: 3, book: [] }],
  ['state=first&state=second', { state: 'first', book: [] }],
  ['book=x&state=&book=y&unknown=1&__proto__=2', { state: '', book: ['x', 'y'] }],
])('a form has the types of its schema: %s', async (form, body) => {
  expect(await lend(form)).toMatchObject({ status: 200 });
  expect((await lend(form)).body).toEqual(body);
});

test.each([
  ['', 422, 'Required', 'state'],
  ['days=x', 422, 'Required', 'state'],
  ['state=a&days=x', 422, 'Invalid', 'days'],
  ['state=a&book=1&book=2&book=3&book=4', 422, 'Invalid', 'book'],
  ['state=%ff', 400, 'InvalidRequest', null],
  ['{"state":"a"}', 422, 'Required', 'state'],
  [`state=${'x'.repeat(64 * 1024)}`, 413, 'PayloadTooLarge', null],
])('a form is refused in the form of the dialect: %#', async (form, status, kind, where) => {
  expect(await lend(form)).toMatchObject({ status, body: fault(kind, where) });
});

test('a body of another media type is not a form, and a form is not JSON', async () => {
  for (const type of ['application/json', 'text/plain', `${FORM}; charset=latin1`])
    expect(await lend('state=a', type)).toMatchObject({ status: 415, body: fault('UnsupportedMediaType') });
  expect(await lend('state=a', `${FORM}; charset=UTF-8`)).toMatchObject({ status: 200 });
  const sent = { body: 'title=Emma', headers: { 'content-type': FORM } };
  expect(await shelf.send('POST', '/shelf/books', sent)).toMatchObject({ status: 415 });
});

test('a form of another site is accepted, as callbacks of providers need it', async () => {
  const headers = { origin: 'https://provider.example', 'sec-fetch-site': 'cross-site' };
  expect(await lend('state=a', FORM, headers)).toMatchObject({ status: 200, body: { state: 'a' } });
});

test.each([[undefined], [z.string()]])(
  'the server does not start if a form has no named fields',
  async (body) => {
    const nameless = endpoint({
      ...{ method: 'POST', path: '/shelf/x', docs: null, bodyFormat: 'form' },
      ...(body !== undefined && { body }),
      handle: () => new Response(),
    });
    const started = startHttpServer(shelf.gateway.deps, [{ ...dialect, endpoints: () => [nameless] }]);
    await expect(started).rejects.toThrow('POST /shelf/x: A form needs an object schema.');
  },
);
