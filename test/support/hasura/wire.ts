import { type IncomingHttpHeaders, request } from 'node:http';

export type Headers = Record<string, string>;
export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

export const ENGINE_VERSION = 'v2.49.2';
const CLIENT = {
  'content-type': 'application/json',
  'user-agent': `hasura-graphql-engine/${ENGINE_VERSION}`,
};

/** POSTs JSON with these headers and no others: `fetch` would add `Accept` and more, which the engine does not send. */
export function postJson(url: string, headers: Headers, body: object): Promise<Answer> {
  const text = JSON.stringify(body);
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers: { ...CLIENT, ...headers, ...length } });
    call.on('error', reject);
    call.on('response', (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: received }),
      );
    });
    call.end(text);
  });
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
    if (typeof value === 'string') forwarded[copy] = value;
  }
  return forwarded;
}
