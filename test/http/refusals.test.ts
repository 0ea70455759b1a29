import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { head, openRawClient, parseAnswers } from '../support/raw-client.ts';

let gateway: TestGateway;
const person = newPerson();
beforeAll(async () => {
  gateway = await startGateway();
  await signUp(gateway, person);
});
afterAll(() => gateway.close());

const MB = 1024 * 1024;
const PIECE = 64 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const CREDENTIALS = JSON.stringify({ email: person.email, password: person.password });

/** Three times the largest allowed body: more than a system buffers for a program that does not read. */
const LARGE = Buffer.alloc(3 * MB, 'a');
const LARGE_IN_CHUNKS = Buffer.concat([
  ...Array.from({ length: 48 }, () =>
    Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'a'), Buffer.from('\r\n')]),
  ),
  Buffer.from('0\r\n\r\n'),
]);

const declared = (line: string, headers: object = {}) =>
  head(line, { ...headers, 'content-length': LARGE.length });

describe('a client that sends its whole body before it reads', () => {
  test.each([
    ['413 for a declared length above the limit', 413, declared('POST /graphql', JSON_TYPE), LARGE],
    [
      '413 for a declared length above the limit at the portal',
      413,
      declared('POST /api/v1/login', JSON_TYPE),
      LARGE,
    ],
    [
      '413 for a chunked body above the limit',
      413,
      head('POST /graphql', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }),
      LARGE_IN_CHUNKS,
    ],
    ['415 for another media type', 415, declared('POST /graphql', { 'content-type': 'text/plain' }), LARGE],
    ['404 for a path that does not exist', 404, declared('POST /nothing'), LARGE],
    ['405 for another method', 405, declared('PUT /graphql'), LARGE],
    [
      '403 for a wrong secret',
      403,
      declared('POST /graphql', { ...JSON_TYPE, 'x-hasura-gateway-secret': 'x' }),
      LARGE,
    ],
    ['403 for a missing secret', 403, declared('POST /api/_jwk-gen'), LARGE],
    ['200 for a body that the gateway does not read', 200, declared('GET /health'), LARGE],
    ['400 for text that is not a request', 400, 'NOT A REQUEST\r\n\r\n', LARGE],
  ])('gets %s', async (_what, status, start, body) => {
    const tries = Array.from({ length: 5 }, async () => {
      const client = await openRawClient(gateway.url, { reads: false });
      await client.send(start);
      // In pieces, so that the answer is out long before the last of them.
      for (let at = 0; at < body.length; at += PIECE) {
        await sleep(2);
        await client.send(body.subarray(at, at + PIECE));
      }
      return client.ended();
    });
    for (const text of await Promise.all(tries)) {
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(text.toLowerCase()).toContain('connection: close');
    }
  });
});

test('requests after the last answer of a connection are not served', async () => {
  const client = await openRawClient(gateway.url);
  await client.send(declared('POST /graphql', JSON_TYPE));
  await client.send(head('GET /health').repeat(100));
  const answers = parseAnswers(await client.ended());
  expect(answers.map(({ status }) => status)).toEqual([413]);
});

test('the gateway closes the connection of a client that keeps sending after its last answer', async () => {
  const client = await openRawClient(gateway.url);
  client.socket.write(head('POST /graphql', { ...JSON_TYPE, 'content-length': 10 ** 12 }));
  const block = Buffer.alloc(MB, 'a');
  let sent = 0;
  const cutOff = client.ended().then(
    () => 'cut off',
    () => 'cut off',
  );
  let isOpen = true;
  cutOff.then(() => {
    isOpen = false;
  });
  while (isOpen && sent < 1000) {
    await client.send(block).catch(() => {});
    sent += 1;
  }
  expect(await cutOff).toBe('cut off');
  expect(sent).toBeLessThan(100);
});

test('a refused request with a complete body leaves its connection open', async () => {
  const client = await openRawClient(gateway.url);
  const refused = `${head('POST /nothing', { 'content-length': 5 })}hello`;
  await client.send(refused + refused + head('GET /health', { connection: 'close' }));
  const answers = parseAnswers(await client.ended());
  expect(answers.map(({ status, headers }) => [status, headers.get('connection')])).toEqual([
    [404, 'keep-alive'],
    [404, 'keep-alive'],
    [200, 'close'],
  ]);
});

test('requests before a malformed request are answered', async () => {
  const client = await openRawClient(gateway.url);
  const login = head('POST /api/v1/login', { ...JSON_TYPE, 'content-length': CREDENTIALS.length });
  await client.send(`${login}${CREDENTIALS}${head('GET /health')}NOT A REQUEST\r\n\r\n`);
  const text = await client.ended();
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
});

describe('a client that sends Expect: 100-continue', () => {
  const EXPECTS = { expect: '100-continue' };

  test.each([
    ['413', 413, declared('POST /graphql', { ...JSON_TYPE, ...EXPECTS })],
    ['415', 415, declared('POST /api/v1/login', { 'content-type': 'text/plain', ...EXPECTS })],
    ['404', 404, declared('POST /nothing', EXPECTS)],
    ['405', 405, declared('POST /health', EXPECTS)],
    ['403', 403, declared('POST /hasura/actions/generateJwk', { ...JSON_TYPE, ...EXPECTS })],
  ])('gets %s without 100 Continue if its request is refused', async (_what, status, request) => {
    const client = await openRawClient(gateway.url);
    await client.send(request);
    const answers = parseAnswers(await client.ended());
    expect(answers.map((answer) => [answer.status, answer.headers.get('connection')])).toEqual([
      [status, 'close'],
    ]);
  });

  test('gets 100 Continue if its body is wanted', async () => {
    const client = await openRawClient(gateway.url);
    const headers = { ...JSON_TYPE, ...EXPECTS, connection: 'close', 'content-length': CREDENTIALS.length };
    await client.send(head('POST /api/v1/login', headers));
    await expect.poll(client.received).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await client.send(CREDENTIALS);
    expect(parseAnswers(await client.ended()).map(({ status }) => status)).toEqual([100, 200]);
  });

  test('and sends its body at once gets the usual answer', async () => {
    const client = await openRawClient(gateway.url);
    const headers = { ...JSON_TYPE, ...EXPECTS, connection: 'close', 'content-length': CREDENTIALS.length };
    await client.send(head('POST /api/v1/login', headers) + CREDENTIALS);
    const statuses = parseAnswers(await client.ended()).map(({ status }) => status);
    expect(statuses.at(-1)).toBe(200);
  });
});
