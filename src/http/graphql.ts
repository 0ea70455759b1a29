import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import { type CorsRule, configuredCors } from '../dialects/cors.ts';
import { AuthError } from '../errors.ts';
import { maskGraphQLError } from '../graphql/errors.ts';
import { createGraphQLHandler } from '../graphql/server.ts';
import { readJson, requireWellFormed } from '../request/body.ts';
import { identifyCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { requireJson } from '../request/media-type.ts';
import { toAuthError } from '../request/public-error.ts';
import { throwRefusal } from '../request/target.ts';
import { answerPreflight } from './cors.ts';
import { createGraphiQLPage } from './graphiql.ts';

/** The parameters of a request (GraphQL over HTTP). */
const PARAMETERS = new Set(['query', 'variables', 'operationName', 'extensions']);

/** The maximum length of an Accept header. A longer one counts as missing. */
const MAX_ACCEPT_LENGTH = 512;
const JSON_TYPE = /\*\/\*|application\/(?:\*|json|graphql-response\+json)/i;

/**
 * Tells whether the client accepts JSON. Answers are JSON in any case (RFC 9110, 12.5.1): they say more than an empty 406.
 */
function acceptsJson({ headers: { accept = '' } }: IncomingMessage): boolean {
  return accept.length <= MAX_ACCEPT_LENGTH && JSON_TYPE.test(accept);
}

export const GRAPHQL_PATH = '/graphql';

type GraphQLEndpoint = {
  cors: CorsRule;
  answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>;
};

/** Cookies come along here alone. */
const corsOf = (config: Config): CorsRule => ({
  ...configuredCors(config),
  credentials: config.refreshCookie !== 'off',
});

/**
 * Creates `/graphql`: GraphiQL for browsers, POST with JSON for every client. GET and forms are refused, since a page of
 * another origin could send them without a preflight.
 */
export function createGraphQLEndpoint(deps: GatewayDeps): GraphQLEndpoint {
  const handleGraphQL = createGraphQLHandler(deps);
  const showGraphiQL = deps.config.graphql.graphiql ? createGraphiQLPage() : null;

  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<void> {
    throwRefusal(request);
    const wantsPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
    if (wantsPage && showGraphiQL !== null) return showGraphiQL(request, response);
    if (request.method === 'OPTIONS') return answerPreflight(response);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      throw new AuthError('method_not_allowed', { message: 'Send GraphQL by POST.' });
    }
    requireJson(request);
    const caller = identifyCaller(deps, request);
    const attributes = await readJson(request);
    const surplus = Object.keys(attributes).find((name) => !PARAMETERS.has(name));
    if (surplus !== undefined)
      throw new AuthError('invalid_json', {
        message: `Unexpected parameter "${surplus.slice(0, 100)}" in the request body.`,
      });
    if (attributes.query == null || attributes.query === '')
      throw new AuthError('required', { attribute: 'query' });
    // The variables are checked later, where the schema has their names.
    const { variables: _, ...texts } = attributes;
    requireWellFormed(texts);
    request.headers['content-type'] = 'application/json'; // Yoga accepts fewer spellings of it
    if (!acceptsJson(request)) delete request.headers.accept;
    // Already parsed, since Yoga's server reads a text one character at a time.
    const body = attributes;
    await handleGraphQL(Object.assign(request, { body }), response, { caller, requestId });
  }

  return {
    cors: corsOf(deps.config),
    async answer(request, response, requestId) {
      try {
        await handle(request, response, requestId);
      } catch (error) {
        if (response.headersSent || response.destroyed || request.socket.destroyed) return;
        sendError(deps, response, toAuthError(error), requestId);
      }
    },
  };
}

/** Answers a request that never reached GraphQL, in GraphQL's form, with an HTTP status that fits the error. */
function sendError(deps: GatewayDeps, response: ServerResponse, error: AuthError, requestId: string): void {
  const masked = maskGraphQLError(error, { log: deps.log, requestId, suggestions: false });
  const { http: _http, ...extensions } = masked.extensions;
  response.statusCode = error.status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  if (error.retryAfterSeconds !== null) response.setHeader('retry-after', String(error.retryAfterSeconds));
  if (error.code === 'payload_too_large') response.setHeader('connection', 'close');
  response.end(JSON.stringify({ errors: [{ message: masked.message, extensions }] }));
}
