import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';

/** Whether a request says that its body is JSON. Nothing else is read: forms need no preflight, and so no consent. */
export const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '');

/** Receives the body of one request. */
type Receive = (maxBytes: number) => Promise<Buffer>;

/**
 * A property and not a WeakMap: of one in V8's old space, what a value refers to is kept until that is collected, and the
 * values here refer to their requests.
 */
const RECEIVE = Symbol('receive');
type WithBody = IncomingMessage & { [RECEIVE]?: Receive };

/**
 * Says how the body of a request is received once it is asked for. Until then a request is refused, for its path, its
 * secret or its media type, without its body.
 */
export function offerBody(request: WithBody, receive: Receive): void {
  request[RECEIVE] = receive;
}

/**
 * Receives the body, as text.
 * @throws AuthError `payload_too_large`, `busy`, `request_timeout`
 */
export async function readBody(request: WithBody, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const bytes = await request[RECEIVE]?.(maxBytes);
  return bytes?.toString('utf8') ?? '';
}

/**
 * Receives the attributes of a JSON body.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`
 */
export async function readAttributes(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!isJson(request.headers['content-type'])) throw new AuthError('unsupported_media_type');
  const text = await readBody(request);
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
