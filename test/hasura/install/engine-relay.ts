import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../../support/hasura/engine.ts';

/** What a relay does with a request before it passes it on. An answer takes its place. */
export type Step = (request: {
  path: string;
  body: string;
  headers: IncomingMessage['headers'];
}) => Promise<Answer | undefined>;
type Answer = { status: number; headers?: Record<string, string>; body?: string };

export type EngineRelay = Pick<Engine, 'url' | 'adminSecret'> & {
  /** Runs before each request; null for nothing. */
  before(step: Step | null): void;
  /** Runs after the engine answered, before the client gets the answer; null for nothing. */
  after(step: Step | null): void;
  close(): Promise<void>;
};

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a server between the installer and an engine, so that a test can act between two requests. */
export async function startRelay(engine: Pick<Engine, 'url' | 'adminSecret'>): Promise<EngineRelay> {
  let before: Step | null = null;
  let after: Step | null = null;
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const asked = { path: request.url ?? '/', body, headers: request.headers };
    const pass = async (): Promise<Answer> => {
      const {
        host: _,
        connection: __,
        'content-length': ___,
        'transfer-encoding': ____,
        ...headers
      } = request.headers;
      const answer = await fetch(new URL(asked.path, engine.url), {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(request.method === 'POST' && { body }),
      });
      return { status: answer.status, body: await answer.text() };
    };
    const early = await before?.(asked);
    const answer = early ?? (await pass());
    const late = early === undefined ? await after?.(asked) : undefined;
    const given = late ?? answer;
    if (given.status === 0) return void response.destroy();
    response.writeHead(given.status, given.headers).end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/graphql`,
    adminSecret: engine.adminSecret,
    before: (step) => {
      before = step;
    },
    after: (step) => {
      after = step;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
