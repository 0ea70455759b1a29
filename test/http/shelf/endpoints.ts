import { z } from 'zod';
import type { Dialect } from '../../../src/dialects/dialect.ts';
import { type Endpoint, endpoint, type Incoming } from '../../../src/dialects/endpoint.ts';
import { AuthError } from '../../../src/errors.ts';
import { bearerToken } from '../../../src/request/bearer.ts';
import { shelfError, spellShelfError } from './errors.ts';
import { Book, BookQuery, Profile } from './objects.ts';

/** A dialect as a new feature would add it: this folder, and one line in the list of dialects. */
export const shelf: Dialect = {
  name: 'shelf',
  prefix: '/shelf',
  aliases: ['/old'],
  spellError: spellShelfError,
  cors: () => ({
    origins: ['https://shelf.example'],
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['content-type', 'x-reader'],
    exposedHeaders: ['x-total'],
  }),
  bodies: { nullIsMissing: true },
  docs: { tag: 'Shelf', description: 'Books.', error: shelfError },
  endpoints: () => [...profileEndpoints(), ...bookEndpoints(), ...otherEndpoints()],
};

const answers = { 200: { description: 'Done.' } };

function profileEndpoints(): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/shelf/profile',
      docs: { operationId: 'getProfile', summary: 'Get the profile', answers },
      handle: (_call, c) => c.json({ name: 'Ada' }),
    }),
    endpoint({
      method: 'PUT',
      path: '/shelf/profile',
      docs: {
        operationId: 'putProfile',
        summary: 'Replace the profile',
        answers: { 200: { description: 'The profile.', schema: Profile } },
      },
      body: Profile,
      handle({ body }, c) {
        const isPlain =
          body.meta === undefined || Object.getPrototypeOf(body.meta) === Object.getPrototypeOf({});
        return c.json({ ...body, isPlain });
      },
    }),
  ];
}

function bookEndpoints(): Endpoint[] {
  const params = z.object({ title: z.string().min(2).meta({ description: 'The title.' }) });
  return [
    endpoint({
      method: 'GET',
      path: '/shelf/books',
      docs: { operationId: 'listBooks', summary: 'List books', answers },
      query: BookQuery,
      handle({ query }, c) {
        c.header('x-total', '7');
        return c.json(query);
      },
    }),
    endpoint({
      method: 'POST',
      path: '/shelf/books',
      docs: { operationId: 'addBook', summary: 'Add a book', answers },
      body: Book.optional(),
      handle: ({ body }, c) => c.json({ body: body ?? null }, 201),
    }),
    endpoint({
      method: 'PATCH',
      path: '/shelf/books/:title',
      docs: { operationId: 'changeBook', summary: 'Change a book', answers },
      authenticate: librarian,
      params,
      query: z.object({ edition: z.coerce.number() }),
      body: Book.partial(),
      handle: ({ by, params, query, body }, c) => c.json({ by, params, query, body }),
    }),
    endpoint({
      method: 'DELETE',
      path: '/shelf/books/:title',
      docs: {
        operationId: 'deleteBook',
        summary: 'Delete a book',
        answers: { 204: { description: 'Gone.' } },
      },
      params,
      handle({ params: { title } }, c) {
        c.header('x-deleted', encodeURIComponent(title));
        return c.body(null, 204);
      },
    }),
  ];
}

/** Identifies the librarian, who may change books; runs after the dialect's guard, and asynchronously. */
async function librarian({ request }: Incoming): Promise<string> {
  await Promise.resolve();
  if (bearerToken(request.headers) !== 'librarian') throw new AuthError('unauthenticated');
  return 'librarian';
}

function otherEndpoints(): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      changesState: true,
      path: '/shelf/turn',
      docs: null,
      handle: (_call, c) => c.redirect('https://shelf.example/next?page=2', 303),
    }),
    endpoint({
      method: 'GET',
      path: '/librarians/:name',
      docs: null,
      params: z.object({ name: z.string() }),
      handle: ({ params }, c) => c.json(params),
    }),
    endpoint({
      method: 'GET',
      path: '/shelf/reader',
      docs: null,
      handle: ({ caller }, c) => c.json({ address: caller.device.address }),
    }),
  ];
}
