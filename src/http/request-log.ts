import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { onResponseClose } from './response-close.ts';

/** A response that knows its route. Paths are never logged: they may hold addresses and tokens. */
export type RoutedResponse = ServerResponse & { route?: string };

/** Logs one line for each request, at its end; for a quiet route at debug level. */
export function logRequest(
  log: Log,
  request: IncomingMessage,
  response: RoutedResponse,
  { requestId, quietRoutes }: { requestId: string; quietRoutes: ReadonlySet<string> },
): void {
  const startedAt = performance.now();
  onResponseClose(request, response, () => {
    const route = response.route ?? 'unknown';
    const level = quietRoutes.has(route) ? 'debug' : 'info';
    const durationMs = Math.round(performance.now() - startedAt);
    const { method } = request;
    const { headersSent, statusCode, writableFinished } = response;
    const outcome = { status: headersSent ? statusCode : null, ...(!writableFinished && { aborted: true }) };
    log[level]({ requestId, method, route, durationMs, ...outcome }, 'request');
  });
}
