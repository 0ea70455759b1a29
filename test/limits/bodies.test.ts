import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway({ env: { GRAPHIQL: 'off' } }));

const MAX = 1_048_576;
const QUERY = '{ __typename }';
/** A GraphQL request body of exactly this many bytes. */
const ofBytes = (bytes: number) => {
  const [start, end] = [`{"query":"${QUERY}","variables":{"x":"`, '"}}'];
  return start + 'x'.repeat(bytes - start.length - end.length) + end;
};
const errors = (code: string, message: string) => ({
  errors: [{ message, extensions: { code, attribute: null } }],
});
const TOO_LARGE = errors('payload_too_large', 'The request body is too large.');

type Answer = { status: number | undefined; body: unknown; connection: string | undefined };

/** Sends by Node's own client, which keeps reading while it writes. */
function send(path: string, headers: Record<string, string>, chunks: string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const options = {
      hostname,
      port,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    };
    const sent = request(options, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      const { connection } = response.headers;
      resolve({ status: response.statusCode, body: JSON.parse(text), connection });
    });
    sent.on('error', reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });
}

describe('a request body', () => {
  test('may have 1 MiB, and answers payload_too_large beyond', async () => {
    expect(await gateway.post('/graphql', ofBytes(MAX))).toMatchObject({ status: 200, body: { data: {} } });
    const tooLarge = await gateway.post('/graphql', ofBytes(MAX + 1));
    expect({ status: tooLarge.status, body: tooLarge.body }).toEqual({ status: 413, body: TOO_LARGE });
  });

  test('is measured in bytes, not in characters', async () => {
    const body = `{"query":"${QUERY}","variables":{"x":"${'é'.repeat(MAX / 2)}"}}`;
    expect(body.length).toBeLessThan(MAX);
    expect(await gateway.post('/graphql', body)).toMatchObject({ status: 413 });
  });

  test('with a Content-Length beyond the limit gets 413 before it is sent', async () => {
    const { hostname, port } = new URL(gateway.url);
    const headers = { 'content-type': 'application/json', 'content-length': String(10 * MAX) };
    const status = await new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path: '/graphql', method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.flushHeaders();
    });
    expect(status).toBe(413);
  });

  test('without Content-Length gets 413 once it exceeds the limit', async () => {
    const half = (text: string) => [text.slice(0, text.length / 2), text.slice(text.length / 2)];
    const headers = { 'transfer-encoding': 'chunked' };
    expect(await send('/graphql', headers, half(ofBytes(MAX)))).toMatchObject({ status: 200 });
    expect(await send('/graphql', headers, half(ofBytes(MAX + 1)))).toEqual({
      status: 413,
      body: TOO_LARGE,
      connection: 'close',
    });
    expect(await send('/api/v1/login', headers, half(ofBytes(MAX + 1)))).toEqual({
      status: 413,
      body: { code: 'payload_too_large', detail: 'The request body is too large.', attribute: null },
      connection: 'close',
    });
  });

  test('is limited by MAX_BODY_BYTES', async () => {
    const small = await startGateway({ replicaOf: gateway, env: { MAX_BODY_BYTES: '1024' } });
    expect(await small.post('/graphql', ofBytes(1024))).toMatchObject({ status: 200 });
    expect(await small.post('/graphql', ofBytes(1025))).toMatchObject({ status: 413 });
    await small.close();
  });

  test.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; charset=application/json',
    'application/graphql',
    'application/jsonp',
    'text/json',
    '',
  ])('of the type "%s" answers unsupported_media_type', async (contentType) => {
    const { status, body } = await gateway.post('/graphql', JSON.stringify({ query: QUERY }), {
      'content-type': contentType,
    });
    expect({ status, body }).toEqual({
      status: 415,
      body: errors('unsupported_media_type', 'Send the request body as application/json.'),
    });
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/graphql+json',
    'application/vnd.x+json',
  ])('of the type %s is accepted', async (contentType) => {
    const { body } = await gateway.post('/graphql', JSON.stringify({ query: QUERY }), {
      'content-type': contentType,
    });
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });

  test.each([
    ['nothing', ''],
    ['half a document', '{"query":'],
    ['null', 'null'],
    ['a JSON string', '"{ __typename }"'],
    ['a list of operations', `[{"query":"${QUERY}"}]`],
    ['a query that is a number', '{"query":1}'],
    ['a list of variables', `{"query":"${QUERY}","variables":[]}`],
    ['the name of a missing operation', `{"query":"query A ${QUERY}","operationName":"B"}`],
    ['two operations without a choice', `{"query":"query A ${QUERY} query B ${QUERY}"}`],
    ['a subscription', '{"query":"subscription { x }"}'],
    ['a deep list', `{"query":"${QUERY}","variables":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ])('that holds %s answers one error with a documented code', async (_what, sent) => {
    const { status, body } = await gateway.post('/graphql', sent);
    expect([200, 400]).toContain(status);
    const { errors } = body as { errors: { extensions: { code: string } }[] };
    expect(errors).toHaveLength(1);
    expect(['invalid_json', 'graphql_parse_failed', 'graphql_validation_failed']).toContain(
      errors[0]?.extensions.code,
    );
  });
});

describe('/graphql', () => {
  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])('answers method_not_allowed to %s', async (method) => {
    const url = `${gateway.url}/graphql?query=${encodeURIComponent(QUERY)}`;
    for (const accept of ['*/*', 'text/html', 'application/json']) {
      const response = await fetch(url, { method, headers: { accept, 'content-type': 'application/json' } });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
      if (method !== 'HEAD')
        expect(await response.json()).toEqual(errors('method_not_allowed', 'Send GraphQL by POST.'));
    }
  });

  test('ignores a query in the URL of a POST', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ authConfig { signup } }')}`;
    expect((await gateway.post(path, { query: QUERY })).body).toEqual({ data: { __typename: 'Query' } });
    expect((await gateway.post(path, {})).body).toMatchObject({
      errors: [{ extensions: { code: 'required' } }],
    });
  });
});
