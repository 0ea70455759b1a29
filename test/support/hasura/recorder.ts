import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
};
type Scripted = {
  status?: number;
  text: string;
  /** Answers introspection too. */
  introspection?: boolean;
  /** Sends no answer. */
  silent?: boolean;
  /** Closes the connection. */
  gone?: boolean;
};

/** A gateway that is down. */
export const AWAY: Scripted = { gone: true, introspection: true, text: '' };

const isCron = (path: string): boolean => path.startsWith('/hasura/cron/');
/** Requests that an engine makes at its own times, which a test cannot expect. */
const isSelfTimed = (path: string): boolean => path === '/.well-known/jwks.json' || isCron(path);

/** Stands between the engine and a gateway: records the requests, and answers them itself if a test wants that. */
export type Recorder = {
  url: string;
  seen: Seen[];
  /** Answers every request with this, introspection only if it says so. With null the gateway answers. */
  script(answer: Scripted | null): void;
  /** Runs something once: after the next request arrives and before the gateway gets it. */
  beforeForwarding(run: () => Promise<unknown>): void;
  close(): Promise<void>;
};

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function passOn(
  target: string,
  { method, headers }: IncomingMessage,
  text: string,
  response: ServerResponse,
): void {
  const call = request(target, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  call.on('error', () => response.destroy());
  call.end(text);
}

/** @param options.withCron records calls of cron triggers too, for a test that makes them itself */
export async function startRecorder(gatewayUrl: string, { withCron = false } = {}): Promise<Recorder> {
  const seen: Seen[] = [];
  let script: Scripted | null = null;
  let pending: (() => Promise<unknown>) | null = null;
  const server = createServer(async (incoming, response) => {
    const path = incoming.url ?? '';
    const text = await readAll(incoming);
    if (isSelfTimed(path) && !(withCron && isCron(path)))
      return passOn(`${gatewayUrl}${path}`, incoming, text, response);
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    seen.push({ method: incoming.method ?? '', path, headers: incoming.headers, body });
    const run = pending;
    pending = null;
    await run?.();
    const isIntrospection = body.operationName === 'IntrospectionQuery';
    const scripted = script;
    if (scripted === null || (isIntrospection && !scripted.introspection))
      return passOn(`${gatewayUrl}${path}`, incoming, text, response);
    if (scripted.silent === true) return;
    if (scripted.gone === true) return void response.destroy();
    response.writeHead(scripted.status ?? 200).end(scripted.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    script(answer) {
      script = answer;
    },
    beforeForwarding(run) {
      pending = run;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
