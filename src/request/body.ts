import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { requireJson, requireNoForm } from './media-type.ts';
import { decodeDocument } from './utf8.ts';
import { findIllFormed, illFormed } from './well-formed.ts';

/** Receives the body of one request. */
type Receive = (maxBytes: number) => Promise<Buffer>;

/**
 * A property of the request, and not a WeakMap. A WeakMap in V8's old space keeps its values until it is collected itself.
 * These values refer to their requests.
 */
const RECEIVE = Symbol('receive');
type WithBody = IncomingMessage & { [RECEIVE]?: Receive };

/**
 * Sets how the body of a request is received when it is asked for. Until then, a request with a wrong path, secret or media
 * type is refused without its body.
 */
export function offerBody(request: WithBody, receive: Receive): void {
  request[RECEIVE] = receive;
}

/** Whether a request has a body. */
export const hasBody = (request: WithBody): boolean => request[RECEIVE] !== undefined;

/**
 * Receives the body as text.
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
  /** Whether the body need not say that it is JSON, unless it says that it is a form. */
  anyMediaType?: boolean;
};

/**
 * Reads the attributes of a JSON body. All their texts are well-formed Unicode.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`; `invalid`,
 * naming the attribute
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
 * Checks that all texts are well-formed Unicode.
 * @throws AuthError `invalid`, naming the attribute
 */
export function requireWellFormed(attributes: Record<string, unknown>): void {
  const path = findIllFormed(attributes);
  if (path !== null) throw illFormed(path);
}

/**
 * Reads the attributes of a JSON body. Their texts are not checked.
 * @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`
 */
export async function readJson(
  request: IncomingMessage,
  { anyMediaType = false }: JsonOptions = {},
): Promise<Record<string, unknown>> {
  if (anyMediaType) requireNoForm(request);
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
