import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createOutbound } from '../../src/outbound/outbound.ts';
import { nameServer } from './name-server.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Starts a server on loopback that answers as told. Returns its port. */
async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

/** Starts a server on loopback that writes bytes of its own to each connection. Returns its port. */
async function serveRaw(write: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    write(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const LOOPBACK = { hosts: [], ranges: ['127.0.0.1'] };
const toLoopback = createOutbound({ allow: LOOPBACK, maxBytes: 1000 });
/** For servers that never answer. A busy machine may need as long for an answer. */
const impatient = createOutbound({ allow: LOOPBACK, withinMs: 300 });

/** The code of the failure of a request; null if it is answered. */
const failureOf = (request: Promise<unknown>): Promise<string | null> =>
  request.then(
    () => null,
    (error: { code: string }) => error.code,
  );

test('fetch sends what a library gives it, and answers as fetch does', async () => {
  const seen: string[] = [];
  const port = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    seen.push(
      `${request.method} ${request.url} ${request.headers['content-type']} ${request.headers.accept} ${body}`,
    );
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
  });
  const answer = await toLoopback.fetch(`http://127.0.0.1:${port}/token?a=b`, {
    method: 'POST',
    headers: new Headers({ accept: 'application/json' }),
    body: new URLSearchParams({ code: 'a b' }),
    redirect: 'manual',
  });
  expect(seen).toEqual([
    'POST /token?a=b application/x-www-form-urlencoded;charset=UTF-8 application/json code=a+b',
  ]);
  expect([answer.status, answer.ok, await answer.json()]).toEqual([400, false, { error: 'invalid_grant' }]);
});

test('an answer without a body is answered', async () => {
  const port = await serve((_request, response) => response.writeHead(204).end());
  expect((await toLoopback.fetch(`http://127.0.0.1:${port}/`)).status).toBe(204);
});

test('a redirect is the answer, and its target gets no request', async () => {
  const requests: string[] = [];
  const port = await serve((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(307, { location: '/metadata' }).end();
  });
  const answer = await toLoopback.fetch(`http://127.0.0.1:${port}/issuer`, { redirect: 'follow' });
  expect([answer.status, answer.headers.get('location')]).toEqual([307, '/metadata']);
  expect(requests).toEqual(['/issuer']);
});

describe('without a permission the gateway sends nothing to', () => {
  const guarded = createOutbound({ allow: { hosts: [], ranges: [] }, resolve: nameServer(['127.0.0.1']) });
  test.each([
    ...['127.0.0.1', 'localhost', 'app.example.com', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
    ...['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '169.254.169.254', '[fd00:ec2::254]'],
  ])('the host %s, by http and by https', async (host) => {
    const requests: unknown[] = [];
    const port = await serve((request, response) => {
      requests.push(request.url);
      response.end();
    });
    for (const scheme of ['http', 'https'])
      expect(await failureOf(guarded.fetch(`${scheme}://${host}:${port}/`))).toBe('private_address');
    expect(requests).toEqual([]);
  });
});

test('a name whose address changes after the check reaches the checked address only', async () => {
  const requests: unknown[] = [];
  const port = await serve((request, response) => {
    requests.push(request.url);
    response.end();
  });
  const resolve = nameServer(['127.0.0.2'], ['127.0.0.1']);
  const outbound = createOutbound({ allow: { hosts: [], ranges: ['127.0.0.2'] }, resolve });
  expect(await failureOf(outbound.fetch(`http://rebind.example.com:${port}/`))).toBe('ECONNREFUSED');
  expect(await failureOf(outbound.fetch(`http://rebind.example.com:${port}/`))).toBe('private_address');
  expect(requests).toEqual([]);
});

test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:hunter2@127.0.0.1/', 'hunter2'])(
  'a request to %s is refused, and the error does not quote the URL',
  async (url) => {
    const error = await toLoopback.fetch(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unusable_request' });
    expect(String((error as Error).stack)).not.toContain('hunter2');
  },
);

describe('an answer is bounded', () => {
  test('a body at the limit is read, a longer one is not', async () => {
    const port = await serve((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))));
    expect(await (await toLoopback.fetch(`http://127.0.0.1:${port}/1000`)).text()).toHaveLength(1000);
    expect(await failureOf(toLoopback.fetch(`http://127.0.0.1:${port}/1001`))).toBe('answer_too_large');
  });

  test('an endless body ends with its limit, and the connection is closed', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await serve((request, response) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
      const more = () => {
        while (response.write('x'.repeat(500)));
        response.once('drain', more);
      };
      more();
    });
    const { body, status } = await toLoopback.request(new URL(`http://127.0.0.1:${port}/`), {
      method: 'GET',
    });
    expect([status, body]).toEqual([200, null]);
    await closed[0];
  });

  test.each<[string, (socket: Socket) => void]>([
    ['no byte', () => {}],
    ['headers without an end', (socket) => trickle(socket, 'HTTP/1.1 200 OK\r\n', 'x: y\r\n')],
    ['endless provisional answers', (socket) => trickle(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
    [
      'a body byte by byte',
      (socket) => trickle(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n', 'x'),
    ],
  ])('a server that sends %s ends in a timeout', async (_what, write) => {
    const port = await serveRaw(write);
    expect(await failureOf(impatient.fetch(`http://127.0.0.1:${port}/`))).toBe('timeout');
  });

  test('headers of more than 16 KiB are refused', async () => {
    const port = await serveRaw((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
    );
    expect(await failureOf(toLoopback.fetch(`http://127.0.0.1:${port}/`))).toBe('HPE_HEADER_OVERFLOW');
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'],
  ])('a connection that ends after %s is a failure', async (_what, bytes) => {
    const port = await serveRaw((socket) => socket.once('data', () => socket.end(bytes)));
    expect(await failureOf(toLoopback.fetch(`http://127.0.0.1:${port}/`))).toBe('ECONNRESET');
  });

  test('an upgrade is not an answer', async () => {
    const port = await serveRaw((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    );
    expect(await failureOf(toLoopback.fetch(`http://127.0.0.1:${port}/`))).toBe('unusable_answer');
  });
});

/** Writes a beginning, and then the same piece again and again. */
function trickle(socket: Socket, start: string, piece: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(piece), 10);
  socket.on('close', () => clearInterval(timer));
}

test('the signal of a library ends a request', async () => {
  const port = await serveRaw(() => {});
  const controller = new AbortController();
  const request = failureOf(toLoopback.fetch(`http://127.0.0.1:${port}/`, { signal: controller.signal }));
  controller.abort();
  expect(await request).toBe('ABORT_ERR');
});
