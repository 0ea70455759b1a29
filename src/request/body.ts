import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { requireJson, requireText } from './media-type.ts';
import { decodeDocument } from './utf8.ts';
import { findIllFormed, illFormed } from './well-formed.ts';

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

/** Whether a request has a body. */
export const hasBody = (request: WithBody): boolean => request[RECEIVE] !== undefined;

/**
 * Receives the body, as text.
 * @throws AuthError `payload_too_large`, `busy`, `request_timeout`; `invalid_json` if it is not UTF-8
 */
export async function readBody(request: WithBody, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const bytes = await request[RECEIVE]?.(maxBytes);
  if (bytes === undefined) return '';
  try {
    return decodeDocument(bytes);
  } catch {
    throw new AuthError('invalid_json', { message: 'The request body is not UTF-8.' });
  }
}

type JsonOptions = {
  /** Whether the body need not say that it is JSON. */
  anyMediaType?: boolean;
};

/**
 * The attributes of a JSON body; all their texts are well-formed.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`; `invalid`, naming the attribute
 */
export async function readAttributes(
  request: IncomingMessage,
  options: JsonOptions = {},
): Promise<Record<string, unknown>> {
  const attributes = await readJson(request, options);
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
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`
 */
export async function readJson(
  request: IncomingMessage,
  { anyMediaType = false }: JsonOptions = {},
): Promise<Record<string, unknown>> {
  if (anyMediaType) requireText(request);
  else requireJson(request);
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
