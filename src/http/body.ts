import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { requireJson } from './media-type.ts';
import { decodeDocument } from './utf8.ts';
import { findIllFormed, illFormed } from './well-formed.ts';

type Body = { text: string } | { error: AuthError };
const bodies = new WeakMap<IncomingMessage, Body>();

/** Bodies that are being read, all together: many slow uploads must not fill the memory. */
const MAX_BUFFERED_BYTES = 128 * 1024 * 1024;
let bufferedBytes = 0;

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Takes the body in before the request is admitted, so that slow ones hold up nobody. What is wrong with it is told to
 * whoever reads it.
 */
export async function receiveBody(request: IncomingMessage, maxBytes: number): Promise<void> {
  if (hasBody(request)) bodies.set(request, await collect(request, maxBytes));
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes)
    return Promise.resolve({ error: new AuthError('payload_too_large') });
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const done = (body: Body) => {
      bufferedBytes -= bytes;
      bytes = 0;
      chunks = [];
      request.removeAllListeners('data');
      // Refused without destroying the stream: that would take the connection, and the answer, with it.
      request.resume();
      resolve(body);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      bufferedBytes += chunk.length;
      chunks.push(chunk);
      if (bytes > maxBytes) done({ error: new AuthError('payload_too_large') });
      else if (bufferedBytes > MAX_BUFFERED_BYTES)
        done({ error: new AuthError('busy', { retryAfterSeconds: 1 }) });
    });
    request.once('end', () => done(decode(chunks)));
    const leave = () =>
      done({ error: new AuthError('invalid_json', { message: 'The request body ended early.' }) });
    request.once('error', leave);
    request.once('close', () => {
      if (!request.readableEnded) leave();
    });
  });
}

function decode(chunks: Buffer[]): Body {
  try {
    return { text: decodeDocument(Buffer.concat(chunks)) };
  } catch {
    return { error: new AuthError('invalid_json', { message: 'The request body is not UTF-8.' }) };
  }
}

/**
 * The body that was received, as text.
 * @throws AuthError `payload_too_large`, `busy`
 */
export function readBody(request: IncomingMessage, maxBytes = Number.POSITIVE_INFINITY): string {
  const body = bodies.get(request) ?? { text: '' };
  if ('error' in body) throw body.error;
  if (Buffer.byteLength(body.text) > maxBytes) throw new AuthError('payload_too_large');
  return body.text;
}

/**
 * The attributes of a JSON body; all their texts are well-formed.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `invalid_json`; `invalid`, naming the attribute
 */
export function readAttributes(request: IncomingMessage): Record<string, unknown> {
  const attributes = readJson(request);
  requireWellFormed(attributes);
  return attributes;
}

/**
 * Makes sure that texts are well-formed.
 * @throws AuthError `invalid`, naming the attribute
 */
export function requireWellFormed(attributes: Record<string, unknown>): void {
  const path = findIllFormed(attributes);
  if (path !== null) throw illFormed(path);
}

/**
 * The attributes of a JSON body, whose texts may be ill-formed.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `invalid_json`
 */
export function readJson(request: IncomingMessage): Record<string, unknown> {
  requireJson(request);
  const text = readBody(request);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new AuthError('invalid_json');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new AuthError('invalid_json', { message: 'The request body is not a JSON object.' });
  return parsed as Record<string, unknown>;
}
