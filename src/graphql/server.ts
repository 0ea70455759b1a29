import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga } from 'graphql-yoga';
import type { RequestCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { refreshCookie } from '../request/refresh-cookie.ts';
import type { Context } from './context.ts';
import { createDocumentCache, useDocumentCache } from './document-cache.ts';
import { maskGraphQLError, publicForm } from './errors.ts';
import { useInputErrors } from './input-errors.ts';
import { useIntrospectionGuard, useOperationLimits } from './limits.ts';
import { schema } from './schema/schema.ts';

/** What the HTTP layer knows about a request before it reaches GraphQL. */
type RequestFacts = { req: IncomingMessage; res: ServerResponse; caller: RequestCaller; requestId: string };

/** Answers a GraphQL request. The HTTP layer has read its body and identified its caller. */
export type GraphQLHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  facts: { caller: RequestCaller; requestId: string },
) => Promise<void>;

export function createGraphQLHandler(deps: GatewayDeps, documents = createDocumentCache()): GraphQLHandler {
  const yoga = createYoga<RequestFacts, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    // The HTTP layer serves the page, and applies CORS and the limit of the body's size.
    graphiql: false,
    landingPage: false,
    cors: false,
    maxRequestBodySize: false,
    multipart: false,
    batching: false,
    // Yoga's own cache keeps failed documents too, of any size.
    parserAndValidationCache: false,
    logging: false,
    context: ({ req, res, caller, requestId }) => ({
      deps,
      caller,
      requestId,
      cookie: refreshCookie(deps, req, res, caller.fromHasura),
    }),
    // Errors are masked below, each of them once: Yoga's own mask sees only some.
    maskedErrors: false,
    plugins: [
      useOperationLimits(deps.config.graphql),
      useIntrospectionGuard(deps.config.graphql),
      useInputErrors(),
      useDocumentCache(documents),
      {
        onResultProcess({ result, setResult, serverContext }) {
          if (Array.isArray(result) || !('errors' in result) || result.errors === undefined) return;
          const { requestId } = serverContext as unknown as RequestFacts;
          const options = { log: deps.log, requestId, suggestions: deps.config.graphql.introspection };
          const errors = result.errors.map((error) => maskGraphQLError(error, options));
          // Yoga would create every error again, and search for its location.
          const stringify = () => JSON.stringify({ ...result, errors: errors.map(publicForm) });
          setResult({ ...result, errors, stringify } as typeof result);
        },
      },
    ],
  });
  return async (request, response, facts) => {
    const context = { req: request, res: response, ...facts };
    // As a listener, Yoga would answer an unexpected error with its stack.
    const answer = await yoga.handleNodeRequestAndResponse(request, response, context);
    const body = await answer.text();
    response.statusCode = answer.status;
    answer.headers.forEach((value, name) => void response.setHeader(name, value));
    response.end(body);
  };
}
