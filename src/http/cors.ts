import type { IncomingMessage, ServerResponse } from 'node:http';

type CorsSettings = { corsOrigins: readonly string[]; credentials: boolean };

/** Lets pages of the configured origins read the answer; cookies come along only for origins that are named. */
export function applyCors(
  request: IncomingMessage,
  response: ServerResponse,
  { corsOrigins: origins, credentials }: CorsSettings,
): void {
  if (origins.length === 0) return;
  response.appendHeader('vary', 'origin');
  const { origin } = request.headers;
  const allowed = origins.includes('*')
    ? '*'
    : origins.find((candidate) => candidate.replace(/\/$/, '') === origin);
  if (origin === undefined || allowed === undefined) return;
  response.setHeader('access-control-allow-origin', allowed === '*' ? '*' : origin);
  if (credentials && allowed !== '*') response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, x-request-id');
  response.setHeader('access-control-max-age', '600');
}

export function answerPreflight(response: ServerResponse): void {
  response.statusCode = 204;
  response.end();
}
