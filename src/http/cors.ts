import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers that pages may always send. Libraries for tracing add the last two groups. */
const ALLOWED_HEADERS: readonly string[] = [
  ...['authorization', 'content-type', 'x-request-id'],
  ...['traceparent', 'tracestate', 'baggage', 'sentry-trace'],
  ...['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled'],
];

type CorsSettings = {
  corsOrigins: readonly string[];
  corsAllowedHeaders: readonly string[];
  credentials: boolean;
};

/** Allows pages of the configured origins to read the answer. Cookies are allowed only for origins that are named. */
export function applyCors(
  request: IncomingMessage,
  response: ServerResponse,
  { corsOrigins: origins, corsAllowedHeaders, credentials }: CorsSettings,
): void {
  if (origins.length === 0) return;
  response.appendHeader('vary', 'origin');
  const { origin } = request.headers;
  const allowed = origins.includes('*') ? '*' : origins.find((candidate) => candidate === origin);
  if (origin === undefined || allowed === undefined) return;
  response.setHeader('access-control-allow-origin', allowed === '*' ? '*' : origin);
  if (credentials && allowed !== '*') response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', 'GET, POST');
  const allowedHeaders = new Set([...ALLOWED_HEADERS, ...corsAllowedHeaders]);
  response.setHeader('access-control-allow-headers', [...allowedHeaders].join(', '));
  response.setHeader('access-control-max-age', '600');
}

export function answerPreflight(response: ServerResponse): void {
  response.statusCode = 204;
  response.end();
}
