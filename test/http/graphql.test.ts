import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

// Unusual request bodies of `/graphql`.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

async function send(body: string): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
  return { status: response.status, body: await response.json() };
}

test.each([
  ['an empty body', '', 400, 'The request body is not valid JSON.'],
  ['half of a document', '{"query":', 400, 'The request body is not valid JSON.'],
  ['a list', '[{"query":"{ me { id } }"}]', 400, 'The request body is not a JSON object.'],
  ['null', 'null', 400, 'The request body is not a JSON object.'],
  ['a text', `"${'x'.repeat(1000)}"`, 400, 'The request body is not a JSON object.'],
  [
    'a parameter too many',
    '{"query":"{ __typename }","then":1}',
    400,
    'Unexpected parameter "then" in the request body.',
  ],
  [
    'a query that is a number',
    '{"query":5}',
    400,
    'Expected "query" param to be a string, but given number.',
  ],
])('/graphql answers 400 invalid_json to %s', async (_what, text, status, message) => {
  expect(await send(text)).toEqual({
    status,
    body: { errors: [{ message, extensions: { code: 'invalid_json', attribute: null } }] },
  });
});

test.each(['{ }', '{"query":""}', '{"query":null}', '{"variables":{}}'])(
  '/graphql answers 400 required to a request without a query: %s',
  async (text) => {
    const extensions = { code: 'required', attribute: 'query' };
    expect(await send(text)).toEqual({
      status: 400,
      body: { errors: [{ message: 'This attribute is required.', extensions }] },
    });
  },
);

test('/graphql answers a request of 900 kB like a small one', async () => {
  const variables = { unused: 'x'.repeat(900_000) };
  const query = '{ __typename }';
  expect(await send(JSON.stringify({ query, variables }))).toEqual(await send(JSON.stringify({ query })));
});

test.each(['image/png', 'text/html', 'text/event-stream', 'multipart/mixed', '', 'x'.repeat(600)])(
  '/graphql answers JSON to a client that accepts “%.20s”',
  async (accept) => {
    const answer = await gateway.post('/graphql', { query: '{ __typename }' }, { accept });
    expect(answer).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } });
  },
);
