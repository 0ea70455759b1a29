import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';

export type Headers = Record<string, string>;
export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
export type Call = { url: string; headers: Headers; body: object; timeoutSeconds: number };

export const ENGINE_VERSION = 'v2.49.2';
const CLIENT = {
  'accept-encoding': 'gzip',
  'content-type': 'application/json',
  'user-agent': `hasura-graphql-engine/${ENGINE_VERSION}`,
};
const MAX_REDIRECTS = 10;

/**
 * POSTs JSON with these headers and no others (`fetch` would add `Accept` and more), and follows redirects with all of
 * them, secrets included (hasura/README.md, "Handlers and webhooks").
 * @throws where nobody answers, or nobody in time
 */
export async function postJson({ url, headers, body, timeoutSeconds }: Call): Promise<Answer> {
  let to = url;
  let sent: Sent = { method: 'POST', headers: { ...CLIENT, ...headers }, text: JSON.stringify(body) };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await send(to, sent, timeoutSeconds * 1000);
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
    to = new URL(location, to).href;
    if (answer.status === 302 || answer.status === 303) {
      const { 'content-type': _, ...kept } = sent.headers;
      sent = { method: 'GET', headers: kept, text: '' };
    }
  }
  throw new Error(`Too many redirects: ${MAX_REDIRECTS + 1} redirects`);
}

type Sent = { method: string; headers: Headers; text: string };

function send(url: string, { method, headers, text }: Sent, timeoutMs: number): Promise<Answer> {
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers: { ...headers, ...length } });
    // Until the head of the answer is there: its body may take longer.
    const timer = setTimeout(() => call.destroy(new Error('Response timeout')), timeoutMs);
    call.on('error', (error) => reject(isTimeout(error) ? error : connectionFailure(error)));
    call.on('close', () => clearTimeout(timer));
    call.on('response', (response) => {
      clearTimeout(timer);
      readAnswer(response).then(resolve, reject);
    });
    call.end(text);
  });
}

const isTimeout = ({ message }: Error): boolean => message === 'Response timeout';
const connectionFailure = ({ message }: Error) => new Error(`Connection failure: ${message}`);

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const received = Buffer.concat(chunks);
  const { statusCode: status = 0, headers } = response;
  const isZipped = headers['content-encoding'] === 'gzip';
  return { status, headers, text: (isZipped ? gunzipSync(received) : received).toString('utf8') };
}

/** A request that failed, as the engine writes it down: with all headers but `Authorization` and `Cookie`. */
export function exceptionOf({ url, headers, timeoutSeconds }: Call, error: Error): object {
  const { hostname: host, port, protocol, pathname: path, search: queryString } = new URL(url);
  const redacted = Object.entries({ ...CLIENT, ...headers }).map(([name, value]) => [
    name,
    /^(?:authorization|cookie)$/i.test(name) ? '<REDACTED>' : value,
  ]);
  const requestHeaders: unknown = Object.fromEntries(redacted);
  const responseTimeout = `ResponseTimeoutMicro ${timeoutSeconds * 1_000_000}`;
  return {
    type: 'http_exception',
    message: error.message,
    request: {
      ...{ host, port: Number(port), secure: protocol === 'https:', requestHeaders },
      ...{ path, queryString, method: 'POST', responseTimeout },
    },
  };
}

const NEVER_FORWARDED = new Set([
  ...[
    'content-length',
    'content-md5',
    'user-agent',
    'host',
    'origin',
    'referer',
    'accept',
    'accept-encoding',
  ],
  ...['accept-language', 'accept-datetime', 'cache-control', 'connection', 'dnt', 'content-type'],
  // Of the connection itself: the engine reads a body before it sends one.
  'transfer-encoding',
]);
const COPIES = {
  host: 'x-forwarded-host',
  'user-agent': 'x-forwarded-user-agent',
  origin: 'x-forwarded-origin',
};

/** What goes on of a client's headers (hasura/README.md, "Forwarded headers"). */
export function forwardedHeaders(client: IncomingHttpHeaders): Headers {
  const forwarded: Headers = {};
  for (const [name, value] of Object.entries(client)) {
    if (value === undefined || NEVER_FORWARDED.has(name) || name.startsWith('x-hasura-')) continue;
    forwarded[name] = [value].flat().join(', ');
  }
  for (const [name, copy] of Object.entries(COPIES)) {
    const value = client[name];
    // A copy that the client sent itself stays as it is.
    if (typeof value === 'string') forwarded[copy] ??= value;
  }
  return forwarded;
}
