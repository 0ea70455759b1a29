import { z } from 'zod';
import { compileRanges } from '../address-ranges.ts';
import { parseOrigins } from '../origins.ts';
import { flag, integer, list, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isProduction } from './server.ts';

function isProxyList(proxies: readonly string[]): boolean {
  try {
    compileRanges(proxies.filter((proxy) => proxy !== 'hasura'));
    return true;
  } catch {
    return false;
  }
}

const origins = () =>
  list().transform((texts, context) =>
    parseOrigins(texts, (message) => context.issues.push({ code: 'custom', message, input: texts })),
  );

/** A header's name: a token (RFC 9110 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Which requests the gateway accepts, and how large they may be. */
export const requestVariables = {
  TRUSTED_PROXIES: variable({
    parser: list().refine(
      isProxyList,
      'must be addresses, CIDR ranges, loopback, linklocal, uniquelocal or hasura',
    ),
    default: '',
    description:
      'Proxies whose X-Forwarded-For the gateway believes: addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. Add `hasura` if Hasura itself stands behind one of them.',
    shownDefault: 'none',
  }),
  CORS_ORIGINS: variable({
    parser: origins(),
    default: '',
    description:
      'Origins, separated by commas, whose pages may call the gateway. Each is a scheme, a host and a port: `https://app.example.com`, `capacitor://localhost`. `*` allows all origins, without cookies.',
    shownDefault: 'none',
  }),
  CORS_ALLOWED_HEADERS: variable({
    parser: list().pipe(
      z.array(z.string().regex(HEADER_NAME, 'must be names of headers').toLowerCase()).max(100),
    ),
    default: '',
    description:
      'Further headers, separated by commas, that pages may send. Always allowed: `authorization`, `content-type`, `x-request-id` and those of tracing (`traceparent`, `tracestate`, `baggage`, `sentry-trace`, `b3`, `x-b3-…`).',
    shownDefault: 'none',
  }),
  MAX_BODY_BYTES: variable({
    parser: integer(1024, 10_485_760),
    default: '1048576',
    description: 'Bytes that a request body may have.',
  }),
  MAX_CONCURRENT_REQUESTS: variable({
    parser: integer(1, 100_000),
    default: '1000',
    description: 'Requests that the gateway handles at once. It refuses further ones with `busy`.',
  }),
  MAX_CONNECTIONS: variable({
    parser: integer(10, 1_000_000),
    default: '8192',
    description:
      'Connections that may be open at once. A further one closes the connection that has been silent for longest. If none is silent, the gateway drops the new one.',
  }),
  GRAPHQL_MAX_DEPTH: variable({
    parser: integer(1, 100),
    default: '8',
    description: 'Levels that a GraphQL operation may nest.',
  }),
  GRAPHQL_MAX_ALIASES: variable({
    parser: integer(0, 10_000),
    default: '15',
    description:
      'Aliases that an operation may use. In a request from Hasura, each root field may use as many: a remote join needs one per row.',
  }),
  GRAPHQL_MAX_TOKENS: variable({
    parser: integer(10, 100_000),
    default: '1000',
    description:
      'Tokens of at most 8 KB that a GraphQL document may have, and as many comments. In a request from Hasura, each root field may have as many: a remote join repeats the selection per row. The whole document may then have ten times as many.',
  }),
  GRAPHQL_MAX_COST: variable({
    parser: integer(10, 1_000_000),
    default: '1000',
    description:
      'Cost that an operation may have. A field costs one, and more the deeper it is. In a request from Hasura, each root field may cost as much.',
  }),
  GRAPHIQL: variable({
    parser: flag(),
    description: '`on` serves GraphiQL at /graphql.',
    shownDefault: 'on; off in production',
  }),
  GRAPHQL_INTROSPECTION: variable({
    parser: flag(),
    description: '`on` lets every client introspect the schema. Hasura always may.',
    shownDefault: 'on; off in production',
  }),
  SWAGGER: variable({
    parser: flag(),
    description:
      '`on` serves Swagger UI at /swagger, to read and try the HTTP endpoints. Their description is always at /openapi.json.',
    shownDefault: 'on; off in production',
  }),
  HASURA_UNAUTHORIZED_ROLE: variable({
    parser: text(),
    default: 'anonymous',
    description:
      "Hasura's HASURA_GRAPHQL_UNAUTHORIZED_ROLE. The gateway ignores session variables of this role.",
  }),
};

export const requestConfig = (e: Environment) => ({
  http: {
    trustedProxies: e.TRUSTED_PROXIES.filter((proxy) => proxy !== 'hasura'),
    hasuraBehindProxy: e.TRUSTED_PROXIES.includes('hasura'),
    /** The origins as browsers send them; `*` for all. */
    corsOrigins: e.CORS_ORIGINS,
    /** Headers besides those that are always allowed, in lower case. */
    corsAllowedHeaders: e.CORS_ALLOWED_HEADERS,
    maxBodyBytes: e.MAX_BODY_BYTES,
    maxConcurrentRequests: e.MAX_CONCURRENT_REQUESTS,
    maxConnections: e.MAX_CONNECTIONS,
    swagger: e.SWAGGER ?? !isProduction(e),
    shutdownTimeoutMs: e.SHUTDOWN_TIMEOUT_MS,
  },
  graphql: {
    maxDepth: e.GRAPHQL_MAX_DEPTH,
    maxAliases: e.GRAPHQL_MAX_ALIASES,
    maxTokens: e.GRAPHQL_MAX_TOKENS,
    maxCost: e.GRAPHQL_MAX_COST,
    graphiql: e.GRAPHIQL ?? !isProduction(e),
    introspection: e.GRAPHQL_INTROSPECTION ?? !isProduction(e),
  },
  hasuraUnauthorizedRole: e.HASURA_UNAUTHORIZED_ROLE,
});
