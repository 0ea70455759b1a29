import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CorsRule } from '../dialects/cors.ts';

const MAX_AGE_SECONDS = 600;

/** Allows pages of a rule's origins to read the answer. Cookies are allowed only for origins that are named. */
export function applyCors(request: IncomingMessage, response: ServerResponse, rule: CorsRule): void {
  const { origins, credentials, methods, allowedHeaders, exposedHeaders } = rule;
  if (origins.length === 0) return;
  response.appendHeader('vary', 'origin');
  const { origin } = request.headers;
  const allowed = origins.includes('*') ? '*' : origins.find((candidate) => candidate === origin);
  if (origin === undefined || allowed === undefined) return;
  response.setHeader('access-control-allow-origin', allowed === '*' ? '*' : origin);
  if (credentials && allowed !== '*') response.setHeader('access-control-allow-credentials', 'true');
  if (exposedHeaders.length > 0)
    response.setHeader('access-control-expose-headers', exposedHeaders.join(', '));
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', methods.join(', '));
  response.setHeader('access-control-allow-headers', allowedHeaders.join(', '));
  response.setHeader('access-control-max-age', String(MAX_AGE_SECONDS));
}

export function answerPreflight(response: ServerResponse): void {
  response.statusCode = 204;
  response.end();
}
