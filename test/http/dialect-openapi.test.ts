import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ShelfServer, startShelf } from './shelf/server.ts';

// How `/openapi.json` describes a dialect that only this test adds.

let shelf: ShelfServer;
beforeAll(async () => {
  shelf = await startShelf();
});
afterAll(() => shelf.close());

describe('/openapi.json', () => {
  type Operation = {
    parameters?: object[];
    requestBody?: object;
    responses: Record<string, { description: string }>;
  };
  type Document = {
    tags: { name: string }[];
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: object };
  };

  test('describes the dialect and leaves the parts of the other dialects unchanged', async () => {
    const { paths, ...document } = (await shelf.send('GET', '/openapi.json')).body as Document;
    const shipped = (await (await fetch(`${shelf.gateway.url}/openapi.json`)).json()) as Document;
    expect(paths).toMatchObject(shipped.paths);
    expect(Object.keys(paths).filter((path) => !(path in shipped.paths))).toEqual([
      '/shelf/profile',
      '/shelf/books',
      '/shelf/books/{title}',
    ]);
    expect(Object.keys(paths['/shelf/profile'] ?? {})).toEqual(['get', 'put']);
    expect(document.tags).toEqual([...shipped.tags, { name: 'Shelf', description: 'Books.' }]);
    expect(Object.keys(document.components.schemas)).toEqual(['Error', 'ShelfFault']);
  });

  test('describes parameters, bodies and errors in the form of the dialect', async () => {
    const { paths } = (await shelf.send('GET', '/openapi.json')).body as Document;
    const list = paths['/shelf/books']?.get;
    expect(list?.parameters).toMatchObject([
      {
        name: 'limit',
        in: 'query',
        required: false,
        description: 'How many books.',
        schema: { type: 'integer' },
      },
      { name: 'tag', in: 'query', required: false, schema: { type: 'array', items: { type: 'string' } } },
      { name: 'author', in: 'query', required: false, schema: { type: 'string' } },
      { name: 'lent', in: 'query', required: false },
    ]);
    expect(list?.responses[422]).toEqual({
      description: '`Invalid`',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/ShelfFault' } } },
    });
    const change = paths['/shelf/books/{title}']?.patch;
    expect(change?.parameters).toMatchObject([
      { name: 'title', in: 'path', required: true, schema: { type: 'string', minLength: 2 } },
      { name: 'edition', in: 'query', required: true, schema: { type: 'number' } },
    ]);
    expect(change?.responses[422]?.description).toBe('`Required`, `Invalid`');
    expect(paths['/shelf/books']?.post?.requestBody).toMatchObject({ required: false });
    expect(paths['/shelf/profile']?.put?.requestBody).toMatchObject({ required: true });
  });
});
