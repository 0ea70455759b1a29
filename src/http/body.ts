import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/** Whether a request says that its body is JSON. Nothing else is read: forms need no preflight, and so no consent. */
export const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '');

/**
 * The request's body as text. Stops reading at the limit.
 * @throws AuthError `payload_too_large`
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Refused without destroying the stream: that would take the connection, and the answer, with it.
    const refuse = () => {
      chunks.length = 0;
      reject(new AuthError('payload_too_large'));
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return refuse();
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) refuse();
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.readableEnded) reject(new Error('The client went away.')); // an Error costs its stack trace
    });
  });
}

/**
 * The attributes of a JSON body.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `invalid_json`
 */
export async function readAttributes(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Record<string, unknown>> {
  if (!isJson(request.headers['content-type'])) throw new AuthError('unsupported_media_type');
  const text = await readBody(request, maxBytes);
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

/**
 * A text attribute; a missing one is the empty text, which the operations report as `required`.
 * @throws AuthError `invalid` for anything but a text
 */
export function textAttribute(attributes: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(attributes, name) ? (attributes[name] ?? '') : '';
  if (typeof value !== 'string') throw new AuthError('invalid', { attribute: name });
  return value;
}
