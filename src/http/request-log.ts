import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { onResponseClose } from './response-close.ts';

/** A response that knows its route. Paths are never logged: they may hold addresses and tokens. */
export type RoutedResponse = ServerResponse & { route?: string };

/** Machines call these all the time: they are logged at debug level only. */
const QUIET_ROUTES = new Set(['/health', '/ready', '/.well-known/jwks.json', '/api/v1/jwks']);

/** Logs one line for each request, at its end. */
export function logRequest(
  log: Log,
  request: IncomingMessage,
  response: RoutedResponse,
  requestId: string,
): void {
  const startedAt = performance.now();
  onResponseClose(request, response, () => {
    const route = response.route ?? 'unknown';
    const level = QUIET_ROUTES.has(route) ? 'debug' : 'info';
    const durationMs = Math.round(performance.now() - startedAt);
    const { method } = request;
    const { headersSent, statusCode, writableFinished } = response;
    const outcome = { status: headersSent ? statusCode : null, ...(!writableFinished && { aborted: true }) };
    log[level]({ requestId, method, route, durationMs, ...outcome }, 'request');
  });
}
