import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { OutboundError } from './outbound-error.ts';

/** What the headers of an answer may have at most. */
const MAX_HEADER_BYTES = 16 * 1024;

type Sent = Readonly<{
  url: URL;
  method: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array | undefined;
  lookup: LookupFunction;
  maxBytes: number;
  /** Ends the request, for example after a timeout. */
  signal: AbortSignal;
}>;

export type Answer = Readonly<{
  status: number;
  headers: Headers;
  /** Null if the body is longer than allowed. */
  body: Buffer | null;
}>;

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return headers;
}

/** Reads an answer. It stops at the limit, and closes the connection then. */
function readAnswer(response: IncomingMessage, maxBytes: number): Promise<Answer> {
  const answer = { status: response.statusCode ?? 0, headers: headersOf(response) };
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      resolve({ ...answer, body: null });
      response.destroy();
    });
    response.on('end', () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    response.on('error', reject);
  });
}

/**
 * Sends one request on a connection of its own, and returns the answer. It follows no redirect and uses no proxy: a redirect or a
 * proxy would lead to an address that was not checked.
 * @throws Error if the connection fails or ends before the answer does, or the signal ends the request
 */
export function requestOnce(sent: Sent): Promise<Answer> {
  const { url, method, body, lookup, signal } = sent;
  // The answer is read as it comes: nothing here unpacks it.
  const headers = { 'accept-encoding': 'identity', ...sent.headers };
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    // `agent: false` opens a connection for this request only. The global agent may use a proxy.
    const options = {
      method,
      headers,
      lookup,
      signal,
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
    } as const;
    const request = send(url, options, (response) => {
      readAnswer(response, sent.maxBytes).then(resolve, reject);
    });
    // An upgrade takes the connection away from the request, which would neither answer nor fail.
    request.on('upgrade', (response, socket) => {
      resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body: Buffer.alloc(0) });
      socket.destroy();
    });
    request.on('error', reject);
    // A request that is over without an answer and without an error must not keep its caller waiting.
    request.on('close', () => reject(new OutboundError('ECONNRESET')));
    request.end(body);
  });
}
