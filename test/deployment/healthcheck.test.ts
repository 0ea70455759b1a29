import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../support/ports.ts';
import { filledExample, imageHealthcheck, readDockerfile, resolveCompose } from './compose.ts';

const { services } = resolveCompose(await filledExample());
const command = (name: string): string[] => {
  const [kind, ...words] = services[name]?.healthcheck?.test ?? [];
  expect(kind).toBe('CMD');
  return words;
};

let server: Server;
let port: number;
let status = 200;
const asked: (string | undefined)[] = [];
beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const exitCode = ([program = '', ...args]: string[], env: Record<string, string> = {}): Promise<unknown> =>
  new Promise((resolve) => {
    execFile(program, args, { env: { PATH: process.env.PATH, ...env } }, (error) =>
      resolve(error?.code ?? 0),
    );
  });

test('the health check of the gateway, in image and compose file, follows /ready', async () => {
  const image = imageHealthcheck((await readDockerfile()).at(-1) ?? []);
  expect(command('gateway')).toEqual(image);

  status = 200;
  expect(await exitCode(image, { PORT: String(port) })).toBe(0);
  status = 503;
  expect(await exitCode(image, { PORT: String(port) })).toBe(1);
  expect(asked).toEqual(['/ready', '/ready']);
  expect(await exitCode(image, { PORT: String(await freePort()) })).toBe(1);
});

test('the health check of Hasura fails with inconsistent metadata', async () => {
  const at = (place: number) => command('hasura').map((word) => word.replace('/8080', `/${place}`));

  status = 200;
  expect(await exitCode(at(port))).toBe(0);
  status = 500;
  expect(await exitCode(at(port))).toBe(1);
  expect(asked).toEqual(['/healthz?strict=true', '/healthz?strict=true']);
  expect(await exitCode(at(await freePort()))).toBe(1);
  const start = Number.parseInt(services.hasura?.healthcheck?.start_period ?? '', 10);
  expect(start).toBeGreaterThanOrEqual(60);
});

test('the health check of Postgres uses pg_isready over TCP', () => {
  expect(command('postgres')).toEqual(['pg_isready', '--host=127.0.0.1', '--username=postgres']);
});
