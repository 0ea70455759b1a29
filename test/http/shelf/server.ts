import { expect } from 'vitest';
import type { Dialect } from '../../../src/dialects/dialect.ts';
import { dialects } from '../../../src/http/router.ts';
import { startHttpServer } from '../../../src/http/server.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { shelf } from './endpoints.ts';

/** A variant of the shelf: null is a wrong value, and a body may have any media type. */
const strictShelf: Dialect = {
  ...shelf,
  name: 'strict-shelf',
  prefix: '/strict',
  aliases: [],
  bodies: { nullIsMissing: false, anyMediaType: true },
  docs: null,
  endpoints: (deps) =>
    shelf.endpoints(deps).map((each) => ({ ...each, path: each.path.replace(/^\/(?:shelf)?/, '/strict') })),
};

type Sent = { body?: unknown; headers?: Record<string, string> };
type Answer = { status: number; headers: Headers; body: unknown };

export type ShelfServer = {
  url: string;
  gateway: TestGateway;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Makes the gateway refuse new requests, or admit them again. */
  setBusy(busy: boolean): void;
  close(): Promise<void>;
};

/** Serves the shipped dialects and the shelf over HTTP. */
export async function startShelf(): Promise<ShelfServer> {
  const gateway = await startGateway({ env: { CORS_ORIGINS: 'https://app.example' } });
  let queueDelayMs = 0;
  const waiting = { queueDelayMs: () => queueDelayMs, longestWaitMs: 100 };
  const { url, close } = await startHttpServer({ ...gateway.deps, waiting }, [
    ...dialects,
    shelf,
    strictShelf,
  ]);
  return {
    url,
    gateway,
    send: (method, path, sent) => send(method, url + path, sent),
    setBusy(busy) {
      queueDelayMs = busy ? 1000 : 0;
    },
    async close() {
      await close();
      await gateway.close();
    },
  };
}

async function send(method: string, url: string, { body, headers = {} }: Sent = {}): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

/** The body of an error of the shelf. */
export const fault = (kind: string, where: string | null = null) => ({
  fault: { kind, where, text: expect.any(String), for: null },
});

export const profile = {
  name: 'Ada',
  draft: false,
  pages: 3,
  owner: { email: 'ada@example.com', age: null },
  tags: [{ word: 'old', weights: [1, 2.5] }],
};
