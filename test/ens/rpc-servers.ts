import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';

/** An RPC endpoint that is bad in one way. */
export type BadEndpoint = { url: string; requests: () => number; close: () => Promise<void> };

async function listen(server: Server | TcpServer, requests: () => number): Promise<BadEndpoint> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

/** Answers every request the same way. */
export function startAnswering(answer: RequestListener): Promise<BadEndpoint> {
  let count = 0;
  const server = createHttpServer((request, response) => {
    count += 1;
    request.resume();
    answer(request, response);
  });
  return listen(server, () => count);
}

export const startStatus = (status: number, body = '', headers: Record<string, string> = {}) =>
  startAnswering((_request, response) => response.writeHead(status, headers).end(body));

/** Takes connections and never answers. */
export const startSilent = () => listen(createTcpServer(), () => 0);

/** Sends a byte every 20 ms, without end. */
export const startDripping = () =>
  startAnswering(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    while (!response.destroyed) {
      response.write(' ');
      await sleep(20);
    }
  });

/** Sends data without end, as fast as the client reads. */
export const startFlooding = () =>
  startAnswering(async (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024, ' ');
    while (!response.destroyed) {
      if (!response.write(chunk))
        await Promise.race([new Promise((r) => response.once('drain', r)), sleep(50)]);
    }
  });

/** A URL at which no server listens. */
export async function refusedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

type Answer = { status?: number; result?: unknown; error?: unknown };

/** Passes requests on to a real endpoint, except those that `intercept` answers. */
export const startProxy = (
  target: string,
  intercept: (method: string, request: IncomingMessage) => Answer | null,
) =>
  startAnswering(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    const own = intercept(method, request);
    response.writeHead(own?.status ?? 200, { 'content-type': 'application/json' });
    if (own !== null) return response.end(JSON.stringify({ jsonrpc: '2.0', id, ...own }));
    const headers = { 'content-type': 'application/json' };
    response.end(await (await fetch(target, { method: 'POST', headers, body })).text());
  });
