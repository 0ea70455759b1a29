import type { IncomingMessage } from 'node:http';
import type { AuthError } from '../errors.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

const MAX_LENGTH = 64;

/** The id that Hasura or a proxy gave the request, if it looks like one; else a new one. */
export function readRequestId(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID_HEADER];
  const looksLikeOne =
    typeof given === 'string' && given.length <= MAX_LENGTH && /^[A-Za-z0-9_-]{8,}$/.test(given);
  return looksLikeOne ? given : crypto.randomUUID();
}

/** Callers whose error was masked need the id under which it was logged; Hasura drops the response's header. */
export const requestIdExtension = (error: AuthError, requestId: string): { requestId?: string } =>
  error.status >= 500 ? { requestId } : {};
