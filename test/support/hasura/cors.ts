import type { IncomingMessage, ServerResponse } from 'node:http';

/** HASURA_GRAPHQL_CORS_DOMAIN: every origin that is allowed; `*` for all. */
export type CorsDomains = readonly string[];

const METHODS = 'GET,POST,PUT,PATCH,DELETE,OPTIONS';

/**
 * Lets pages of an allowed origin read the answer, cookies included (hasura/README.md, "Answers of the engine"). Whoever is
 * not allowed is answered all the same, only without these headers.
 * @returns whether that was the whole answer: to the question before a request
 */
export function answerCors(
  domains: CorsDomains,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !(domains.includes('*') || domains.includes(origin))) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', METHODS);
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('access-control-max-age', '1728000');
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '');
  response.writeHead(204, { 'content-type': 'text/plain charset=UTF-8' });
  response.end();
  return true;
}
