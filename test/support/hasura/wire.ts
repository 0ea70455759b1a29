import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export type Headers = Record<string, string>;
export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
export type Call = { url: string; headers: Headers; body: object; timeoutSeconds: number };

const CLIENT = {
  'accept-encoding': 'gzip',
  'content-type': 'application/json',
  'user-agent': 'hasura-graphql-engine/v2.49.2',
};

/**
 * POSTs JSON with these headers and no others: `fetch` would add `Accept` and more. Redirects are not played, though the
 * engine follows them with all headers (hasura/README.md, "Handlers and webhooks").
 * @throws where nobody answers, or nobody in time
 */
export function postJson({ url, headers, body, timeoutSeconds }: Call): Promise<Answer> {
  const text = JSON.stringify(body);
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers: { ...CLIENT, ...headers, ...length } });
    // Until the head of the answer is there: its body may take longer.
    const timer = setTimeout(() => call.destroy(new Error('Response timeout')), timeoutSeconds * 1000);
    call.on('error', reject);
    call.on('close', () => clearTimeout(timer));
    call.on('response', (response) => {
      clearTimeout(timer);
      readAnswer(response).then(resolve, reject);
    });
    call.end(text);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status = 0, headers } = response;
  return { status, headers, text: Buffer.concat(chunks).toString('utf8') };
}

/** A request that failed, as the engine writes it down: with all headers but `Authorization` and `Cookie`. */
export function exceptionOf({ url, headers }: Call, error: Error): object {
  const { hostname: host, port, pathname: path } = new URL(url);
  const { authorization: _, cookie: __, ...requestHeaders } = { ...CLIENT, ...headers } as Headers;
  const request = { host, port: Number(port), path, method: 'POST', requestHeaders };
  return { type: 'http_exception', message: error.message, request };
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
