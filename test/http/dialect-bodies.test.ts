import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { endpoint } from '../../src/dialects/endpoint.ts';
import { validate } from '../../src/dialects/input.ts';
import { AuthError } from '../../src/errors.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { shelf as shelfDialect } from './shelf/endpoints.ts';
import { fault, profile, type ShelfServer, startShelf } from './shelf/server.ts';

// JSON bodies of a dialect that only this test adds.

let shelf: ShelfServer;
beforeAll(async () => {
  shelf = await startShelf();
});
afterAll(() => shelf.close());

const put = (body: unknown, path = '/shelf/profile') => shelf.send('PUT', path, { body });

describe('a body', () => {
  test('keeps the types of its attributes and loses unknown attributes', async () => {
    const full = { ...profile, note: '', color: 'red', meta: { a: [null, { b: 1 }] } };
    expect((await put({ ...full, unknown: 1, owner: { ...full.owner, admin: true } })).body).toEqual({
      ...full,
      isPlain: true,
    });
  });

  test.each([
    [{}, 'name'],
    [{ ...profile, name: undefined, pages: undefined }, 'name'],
    [{ ...profile, owner: {} }, 'owner.email'],
    [{ ...profile, owner: { email: 'a' } }, 'owner.age'],
    [{ ...profile, tags: [profile.tags[0], { word: 'x' }] }, 'tags.1.weights'],
    [{ ...profile, name: null }, 'name'],
    [{ ...profile, owner: { email: null, age: null } }, 'owner.email'],
  ])('without an attribute answers 422 Required with the dotted name: %j', async (body, where) => {
    expect(await put(body)).toMatchObject({ status: 422, body: fault('Required', where) });
  });

  test.each([
    [{ ...profile, name: 5 }, 'name'],
    [{ ...profile, draft: 'false' }, 'draft'],
    [{ ...profile, draft: 0, pages: 'x' }, 'draft'],
    [{ ...profile, pages: 1.5 }, 'pages'],
    [{ ...profile, note: [] }, 'note'],
    [{ ...profile, owner: [] }, 'owner'],
    [{ ...profile, owner: { email: 'a', age: '5' } }, 'owner.age'],
    [{ ...profile, tags: [{ word: 'x', weights: [1, 2, 'x'] }] }, 'tags.0.weights.2'],
    [{ ...profile, tags: [{ word: 'x', weights: [null] }] }, 'tags.0.weights.0'],
    [{ ...profile, tags: [null] }, 'tags.0'],
    [{ ...profile, tags: Array(4).fill(profile.tags[0]) }, 'tags'],
    [{ ...profile, color: 'blue' }, 'color'],
    [{ ...profile, meta: ['a'] }, 'meta'],
  ])('with an invalid attribute answers 422 Invalid with the dotted name: %j', async (body, where) => {
    expect(await put(body)).toMatchObject({ status: 422, body: fault('Invalid', where) });
  });

  test('reports a missing attribute before an invalid one', async () => {
    expect(await put({ ...profile, name: 5, tags: undefined })).toMatchObject({
      body: fault('Required', 'tags'),
    });
  });

  test('gets no attribute through __proto__', async () => {
    const { name: _, ...rest } = profile;
    const text = JSON.stringify(rest);
    const inherited = text.replace('{', '{"__proto__":{"name":"Ada"},');
    expect(await put(inherited)).toMatchObject({ status: 422, body: fault('Required', 'name') });
    const nested = JSON.stringify(profile).replace('"email":', '"__proto__":{"email":"x"},"mail":');
    expect(await put(nested)).toMatchObject({ body: fault('Required', 'owner.email') });
    const meta = '"meta":{"__proto__":{"isAdmin":true},"constructor":1}';
    const answer = await put(JSON.stringify({ ...profile, meta: 0 }).replace('"meta":0', meta));
    expect(answer).toMatchObject({ status: 200, body: { isPlain: true, meta: { constructor: 1 } } });
    expect(JSON.stringify(answer.body)).not.toContain('isAdmin');
  });

  test('lacks an attribute named constructor: required', () => {
    const validateNothing = () =>
      validate(z.object({ constructor: z.string() }), {}, { nullIsMissing: true });
    expect(validateNothing).toThrow(new AuthError('required', { attribute: 'constructor' }));
    const text = z.string().optional();
    for (const shape of [
      { constructor: text, name: text },
      { name: text, constructor: text },
    ])
      expect(validate(z.object(shape), { name: 'x' }, { nullIsMissing: true })).toEqual({ name: 'x' });
  });

  test('has an optional attribute whose name it inherits only if the client sends it', async () => {
    const add = (body: object) => shelf.send('POST', '/shelf/books', { body });
    const book = { title: 'Emma' };
    expect((await add(book)).body).toEqual({ body: book });
    const named = { ...book, constructor: 'Jane' };
    expect((await add(named)).body).toEqual({ body: named });
    expect(await add({ ...book, constructor: 5 })).toMatchObject({ body: fault('Invalid', 'constructor') });
    expect((await shelf.send('GET', '/shelf/books')).body).toEqual({ limit: 10, tag: [] });
    const query = { limit: 10, tag: [], valueOf: '9' };
    expect((await shelf.send('GET', '/shelf/books?valueOf=9')).body).toEqual(query);
  });

  test('with null counts as missing or as invalid, as the dialect declares', async () => {
    const body = { ...profile, note: null, owner: { ...profile.owner, nick: null } };
    expect(await put(body)).toMatchObject({ status: 200, body: { owner: { age: null } } });
    expect((await put(body)).body).not.toHaveProperty('note');
    expect((await put(body)).body).not.toHaveProperty('owner.nick');
    expect(await put(profile, '/strict/profile')).toMatchObject({ status: 200 });
    expect(await put(body, '/strict/profile')).toMatchObject({ body: fault('Invalid', 'note') });
    expect(await put({ ...profile, name: null }, '/strict/profile')).toMatchObject({
      body: fault('Invalid', 'name'),
    });
  });

  test('may be left out only as a whole and only if its schema is optional', async () => {
    expect(await shelf.send('POST', '/shelf/books')).toMatchObject({ status: 201, body: { body: null } });
    const book = { title: 'Emma' };
    expect(await shelf.send('POST', '/shelf/books', { body: book })).toMatchObject({ body: { body: book } });
    expect(await shelf.send('POST', '/shelf/books', { body: {} })).toMatchObject({
      body: fault('Required', 'title'),
    });
    expect(await shelf.send('PUT', '/shelf/profile')).toMatchObject({ body: fault('UnsupportedMediaType') });
  });

  test('of a million wrong elements is refused for their number, and costs little memory', async () => {
    const ones = '1,'.repeat(500_000).slice(0, -1);
    const text = JSON.stringify({ ...profile, tags: 0 }).replace('"tags":0', `"tags":[${ones}]`);
    const nested = JSON.stringify({ ...profile, tags: [{ word: 'x', weights: 0 }] });
    const before = process.memoryUsage().heapUsed;
    expect(await put(text)).toMatchObject({ status: 422, body: fault('Invalid', 'tags') });
    expect(await put(nested.replace('"weights":0', `"weights":[${ones}]`))).toMatchObject({
      body: fault('Invalid', 'tags.0.weights'),
    });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
  });

  test.each([
    [z.array(z.unknown()), 'the body'],
    [z.object({ a: z.object({ b: z.array(z.string()).optional() }) }), 'a.b'],
    [z.object({ a: z.preprocess((value) => value, z.array(z.string()).min(1)) }), 'a'],
    [z.object({ a: z.union([z.string(), z.array(z.string())]) }), 'a'],
    [z.object({ a: z.array(z.object({ b: z.array(z.number()) })).max(3) }), 'a.b'],
    [
      z.object({
        a: z
          .array(z.string())
          .refine(() => true)
          .max(3),
      }),
      'a',
    ],
    [z.object({ a: z.lazy(() => z.array(z.string())) }), 'a'],
    [z.object({ a: z.record(z.string(), z.string()) }), 'a'],
    [z.object({ a: z.record(z.uuid(), z.unknown()) }), 'a'],
    [z.object({ a: z.tuple([z.string()], z.string()) }), 'a'],
    [z.object({ a: z.object({}).catchall(z.string()) }), 'a'],
    [z.object({ a: z.json() }), 'a'],
  ])('without a bound stops the start: %#', async (body, attribute) => {
    const unbounded = endpoint({
      method: 'POST',
      path: '/shelf/x',
      docs: null,
      body,
      handle: () => new Response(),
    });
    const dialect = { ...shelfDialect, endpoints: () => [unbounded] };
    await expect(startHttpServer(shelf.gateway.deps, [dialect])).rejects.toThrow(
      `POST /shelf/x: The number of values in ${attribute} has no bound.`,
    );
  });

  test.each([
    ['half of a document', '{"name":', 400, 'InvalidJson'],
    ['a list', '[]', 400, 'InvalidJson'],
    ['no content', '', 400, 'InvalidJson'],
    ['1.1 MB', `{"name":"${'x'.repeat(1_100_000)}"}`, 413, 'PayloadTooLarge'],
    ['half of a surrogate pair', '{"name":"\\ud800"}', 422, 'Invalid'],
  ])('with %s answers an error in the form of the dialect', async (_what, body, status, kind) => {
    const answer = await shelf.send('PUT', '/shelf/profile', {
      body,
      headers: { 'content-type': 'application/json', 'x-reader': 'Bob' },
    });
    expect(answer).toMatchObject({ status, body: { fault: { kind, for: 'Bob' } } });
  });

  test('of another media type answers 415, unless the dialect accepts any', async () => {
    const sent = { body: profile, headers: { 'content-type': 'text/plain' } };
    expect(await shelf.send('PUT', '/shelf/profile', sent)).toMatchObject({
      status: 415,
      body: fault('UnsupportedMediaType'),
    });
    expect(await shelf.send('PUT', '/strict/profile', sent)).toMatchObject({ status: 200 });
    const encoded = { body: profile, headers: { 'content-encoding': 'gzip' } };
    expect(await shelf.send('PUT', '/strict/profile', encoded)).toMatchObject({ status: 415 });
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const form = { body: profile, headers: { 'content-type': type } };
      expect(await shelf.send('PUT', '/strict/profile', form)).toMatchObject({ body: fault('InvalidJson') });
    }
  });
});

test.each([
  [{}, { attribute: 'name', isMissing: true }],
  [{ name: 5 }, { attribute: 'name', isMissing: false }],
  [[], { attribute: '', isMissing: false }],
])('a dialect may have an error of its own for a wrong attribute: %j', (given, fault) => {
  const refuse = (found: object) => new AuthError('invalid_json', { details: { found } });
  const validateName = () => validate(z.object({ name: z.string() }), given, { nullIsMissing: true, refuse });
  expect(validateName).toThrow(expect.objectContaining({ code: 'invalid_json', details: { found: fault } }));
});
