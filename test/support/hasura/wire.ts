import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export type Headers = Record<string, string>;
export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
export type Call = { url: string; headers: Headers; body: object; timeoutSeconds: number };

const CLIENT = {
  'accept-encoding': 'gzip',
  'content-type': 'application/json',
  'user-agent': 'hasura-graphql-engine/v2.51.9',
};

/**
 * POSTs JSON with exactly these headers: `fetch` would add `Accept` and others. The engine follows redirects with all headers
 * (hasura/README.md, "Handlers and webhooks"); the stand-in does not.
 * @throws if the address does not answer in time
 */
export function postJson({ url, headers, body, timeoutSeconds }: Call): Promise<Answer> {
  const text = JSON.stringify(body);
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers: { ...CLIENT, ...headers, ...length } });
    // The timeout ends with the head of the answer: the body may take longer.
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

/** A failed request as the engine describes it: with all headers except `Authorization` and `Cookie`. */
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
  // Belongs to the connection: the engine reads the whole body before it sends one.
  'transfer-encoding',
]);
const COPIES = {
  host: 'x-forwarded-host',
  'user-agent': 'x-forwarded-user-agent',
  origin: 'x-forwarded-origin',
};

/** The client's headers that the engine forwards (hasura/README.md, "Forwarded headers"). */
export function forwardedHeaders(client: IncomingHttpHeaders): Headers {
  const forwarded: Headers = {};
  for (const [name, value] of Object.entries(client)) {
    if (value === undefined || NEVER_FORWARDED.has(name) || name.startsWith('x-hasura-')) continue;
    forwarded[name] = [value].flat().join(', ');
  }
  for (const [name, copy] of Object.entries(COPIES)) {
    const value = client[name];
    // A copy that the client sent itself stays unchanged.
    if (typeof value === 'string') forwarded[copy] ??= value;
  }
  return forwarded;
}
