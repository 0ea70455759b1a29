import type { IncomingMessage } from 'node:http';
import type { AuthError } from '../errors.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

const MAX_LENGTH = 64;

/** Reads the id that Hasura or a proxy gave the request. If it does not look like an id, makes a new one. */
export function readRequestId(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID_HEADER];
  const looksLikeOne =
    typeof given === 'string' && given.length <= MAX_LENGTH && /^[A-Za-z0-9_-]{8,}$/.test(given);
  return looksLikeOne ? given : crypto.randomUUID();
}

/**
 * Returns the request id for the answer if the error was masked. The caller needs it to find the log line, and Hasura drops
 * the response's header.
 */
export const requestIdExtension = (error: AuthError, requestId: string): { requestId?: string } =>
  error.status >= 500 ? { requestId } : {};
