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

/** Three times the largest body: more than a system buffers for a program that does not read. */
const LARGE = Buffer.alloc(3 * MB, 'a');
const LARGE_IN_CHUNKS = Buffer.concat([
  ...Array.from({ length: 48 }, () =>
    Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'a'), Buffer.from('\r\n')]),
  ),
  Buffer.from('0\r\n\r\n'),
]);

const declared = (line: string, headers: object = {}) =>
  head(line, { ...headers, 'content-length': LARGE.length });

describe('a client that sends its whole body before it reads gets the answer that came before', () => {
  test.each([
    ['413 for a body that says it is too large', 413, declared('POST /graphql', JSON_TYPE), LARGE],
    [
      '413 for a portal body that says it is too large',
      413,
      declared('POST /api/v1/login', JSON_TYPE),
      LARGE,
    ],
    [
      '413 for a body that turns out to be too large',
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
    ['200 for a body that nothing reads', 200, declared('GET /health'), LARGE],
    ['400 for what is not a request', 400, 'NOT A REQUEST\r\n\r\n', LARGE],
  ])('%s', async (_what, status, start, body) => {
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

test('what a client still sends after its last answer is not served', async () => {
  const client = await openRawClient(gateway.url);
  await client.send(declared('POST /graphql', JSON_TYPE));
  await client.send(head('GET /health').repeat(100));
  const answers = parseAnswers(await client.ended());
  expect(answers.map(({ status }) => status)).toEqual([413]);
});

test('a client that never stops sending after its last answer is cut off', async () => {
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

test('a refused request whose body is all there leaves its connection open', async () => {
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

test('requests before one that is malformed are answered', async () => {
  const client = await openRawClient(gateway.url);
  const login = head('POST /api/v1/login', { ...JSON_TYPE, 'content-length': CREDENTIALS.length });
  await client.send(`${login}${CREDENTIALS}${head('GET /health')}NOT A REQUEST\r\n\r\n`);
  const text = await client.ended();
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
});

describe('a client that asks before it sends its body (Expect: 100-continue)', () => {
  const EXPECTS = { expect: '100-continue' };

  test.each([
    ['413', 413, declared('POST /graphql', { ...JSON_TYPE, ...EXPECTS })],
    ['415', 415, declared('POST /api/v1/login', { 'content-type': 'text/plain', ...EXPECTS })],
    ['404', 404, declared('POST /nothing', EXPECTS)],
    ['405', 405, declared('POST /health', EXPECTS)],
    ['403', 403, declared('POST /hasura/actions/generateJwk', { ...JSON_TYPE, ...EXPECTS })],
  ])('gets %s and is not asked for it', async (_what, status, request) => {
    const client = await openRawClient(gateway.url);
    await client.send(request);
    const answers = parseAnswers(await client.ended());
    expect(answers.map((answer) => [answer.status, answer.headers.get('connection')])).toEqual([
      [status, 'close'],
    ]);
  });

  test('is asked for it where it is wanted', async () => {
    const client = await openRawClient(gateway.url);
    const headers = { ...JSON_TYPE, ...EXPECTS, connection: 'close', 'content-length': CREDENTIALS.length };
    await client.send(head('POST /api/v1/login', headers));
    await expect.poll(client.received).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await client.send(CREDENTIALS);
    expect(parseAnswers(await client.ended()).map(({ status }) => status)).toEqual([100, 200]);
  });

  test('and sends it all the same is answered as any other', async () => {
    const client = await openRawClient(gateway.url);
    const headers = { ...JSON_TYPE, ...EXPECTS, connection: 'close', 'content-length': CREDENTIALS.length };
    await client.send(head('POST /api/v1/login', headers) + CREDENTIALS);
    const statuses = parseAnswers(await client.ended()).map(({ status }) => status);
    expect(statuses.at(-1)).toBe(200);
  });
});
