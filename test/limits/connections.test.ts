import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { usedMemory } from '../support/memory.ts';
import { head, openRawClient, parseAnswers, type RawClient } from '../support/raw-client.ts';

const gateway = forFile(() => startGateway());

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
async function open({ url }: TestGateway, options = {}): Promise<RawClient> {
  const client = await openRawClient(url, options);
  sockets.push(client.socket);
  return client;
}

const MB = 1024 * 1024;

/** How many connections of a port wait for the gateway to accept them. */
function waitingConnections(port: number): number {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const listening = lines
    .map((line) => line.trim().split(/\s+/))
    .find((f) => f[1] === address && f[3] === '0A');
  return Number.parseInt(listening?.[4]?.split(':')[1] ?? '', 16);
}
const mostWaiting =
  process.platform === 'linux' ? Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) : 0;

test.runIf(mostWaiting >= 2000)(
  '2,000 connections that come at once are all accepted and answered',
  async () => {
    const port = Number(new URL(gateway.url).port);
    const answers = Array.from({ length: 2000 }, () => {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      return new Promise<string>((resolve, reject) => {
        socket.once('error', reject).once('data', (bytes) => resolve(bytes.toString().slice(0, 12)));
        socket.write(head('GET /health'));
      });
    });
    await new Promise((resolve) => process.nextTick(resolve)); // Node connects in the next tick.
    // The gateway runs in this thread, and has accepted none yet.
    expect(waitingConnections(port)).toBe(2000);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']));
  },
);

test('600 concurrent logins all answer invalid_credentials, rate_limited or busy', async () => {
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'correct horse' });
  const headers = { 'content-type': 'application/json', 'content-length': body.length, connection: 'close' };
  const texts = await Promise.all(
    Array.from({ length: 600 }, async () => {
      const client = await open(gateway);
      await client.send(head('POST /api/v1/login', headers) + body);
      return client.ended();
    }),
  );
  const codes = texts.map((text) => JSON.parse(parseAnswers(text)[0]?.body ?? '').code as string);
  expect(codes.filter((code) => !['invalid_credentials', 'rate_limited', 'busy'].includes(code))).toEqual([]);
});

describe('a client that pipelines', () => {
  test('gets all its answers, in the order of its requests', async () => {
    const client = await open(gateway);
    const ids = Array.from({ length: 1000 }, (_, n) => `request-${String(n).padStart(4, '0')}`);
    const paths = ['/health', '/api/v1/jwks', '/nothing', '/ready'];
    await client.send(
      ids.map((id, n) => head(`GET ${paths[n % 4]}`, { 'x-request-id': id })).join('') +
        head('GET /health', { connection: 'close' }),
    );
    const answers = parseAnswers(await client.ended());
    expect(answers.slice(0, 1000).map(({ headers }) => headers.get('x-request-id'))).toEqual(ids);
    expect(answers.slice(0, 4).map(({ status }) => status)).toEqual([200, 200, 404, 200]);
    expect(answers).toHaveLength(1001);
  });

  test('gets one answer for each body, however its bytes are split', async () => {
    const client = await open(gateway);
    const bodies = Array.from({ length: 60 }, (_, n) =>
      JSON.stringify({ query: `{ a${'b'.repeat(n * 97)}: __typename }` }),
    );
    const headers = { 'content-type': 'application/json' };
    const bytes = bodies
      .map((body) => head('POST /graphql', { ...headers, 'content-length': body.length }) + body)
      .join('');
    for (let at = 0; at < bytes.length; at += 4999) {
      await client.send(bytes.slice(at, at + 4999));
      await sleep(1);
    }
    await client.send(head('GET /health', { connection: 'close' }));
    const answers = parseAnswers(await client.ended());
    expect(answers.slice(0, 60).map(({ body }) => Object.keys(JSON.parse(body).data)[0]?.length)).toEqual(
      bodies.map((_, n) => n * 97 + 1),
    );
  });

  test('and reads nothing does not fill the gateway’s memory with requests and answers', async () => {
    const before = usedMemory();
    const pipelined = Buffer.from(head('GET /openapi.json').repeat(1400));
    for (let n = 0; n < 20; n++) {
      const client = await open(gateway, { reads: false });
      client.socket.write(pipelined);
    }
    // Waits until the gateway is idle.
    for (let lines = -1; lines !== gateway.logged().length; await sleep(300)) lines = gateway.logged().length;
    // An earlier version kept twice as much.
    expect(usedMemory() - before).toBeLessThan(25 * MB);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  });
});

describe('MAX_CONNECTIONS=20', () => {
  let small: TestGateway;
  beforeAll(async () => {
    small = await startGateway({ replicaOf: gateway, env: { MAX_CONNECTIONS: '20' } });
  });
  afterAll(() => small.close());

  test('a new connection takes the place of the one that has been silent for longest', async () => {
    const silent: RawClient[] = [];
    for (let n = 0; n < 30; n++) silent.push(await open(small));
    await expect
      .poll(() => silent.map(({ socket }) => socket.readableEnded))
      .toEqual([...Array(11).fill(true), ...Array(19).fill(false)]);
    const last = silent.at(-1);
    await last?.send(head('GET /health', { connection: 'close' }));
    expect(await last?.ended()).toMatch(/^HTTP\/1.1 200/);
  });

  test('a client that is sending its body keeps its connection', async () => {
    const sender = await open(small);
    const body = JSON.stringify({ email: 'ada@example.com', password: 'x'.repeat(4000) });
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      connection: 'close',
    };
    await sender.send(head('POST /api/v1/login', headers));
    const silent: RawClient[] = [];
    for (let at = 0; at < body.length; at += 100) {
      silent.push(await open(small));
      await sender.send(body.slice(at, at + 100));
    }
    expect(await sender.ended()).toMatch(/^HTTP\/1.1 (?:400|401|422)/);
    expect(silent.at(-1)?.socket.readableEnded).toBe(false);
  });

  test('clients that do not read their answers do not block other clients', async () => {
    const env = { MAX_CONNECTIONS: '20', MAX_CONCURRENT_REQUESTS: '10' };
    const small = await startGateway({ replicaOf: gateway, env });
    const unread: RawClient[] = [];
    for (let n = 0; n < 19; n++) {
      const client = await open(small, { reads: false });
      client.socket.on('error', () => {}); // the gateway closes some of them
      client.socket.write(head('GET /openapi.json').repeat(1400));
      unread.push(client);
    }
    // Waits until the gateway is idle.
    for (let lines = -1; ; lines = small.logged().length) {
      await sleep(300);
      if (small.logged().length === lines) break;
    }
    for (let n = 0; n < 30; n++) {
      const { status } = await small.post('/graphql', { query: '{ __typename }' }, { connection: 'close' });
      expect(status).toBe(200);
      expect((await fetch(`${small.url}/health`, { headers: { connection: 'close' } })).status).toBe(200);
    }
    for (const { socket } of unread) socket.destroy();
    await small.close();
  });

  test('connections with a request in progress are kept, and a further connection is dropped', async () => {
    const lock = await small.sql.reserve();
    await lock`begin`;
    await lock`lock table portcullis.cache in access exclusive mode`;
    const busy: RawClient[] = [];
    for (let n = 0; n < 20; n++) {
      busy.push(await open(small));
      await busy.at(-1)?.send(head('GET /api/v1/contracts', { connection: 'close' }));
      await sleep(20); // The gateway reads the request.
    }
    const dropped = await open(small);
    expect(await dropped.ended().catch(() => '')).toBe('');
    expect(small.logged()).toContain('too many connections');
    await lock`rollback`;
    lock.release();
    for (const client of busy) expect(await client.ended()).toMatch(/^HTTP\/1.1 200/);
    expect((await fetch(`${small.url}/health`)).status).toBe(200);
  });
});
