import { z } from 'zod';
import { parseOrigins } from '../origins.ts';
import { flag, integer, list, text } from '../parsers.ts';
import { compileProxies } from '../proxies.ts';

function isProxyList(proxies: readonly string[]): boolean {
  try {
    compileProxies(proxies.filter((proxy) => proxy !== 'hasura'));
    return true;
  } catch {
    return false;
  }
}

/** A token (RFC 9110 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whose requests are taken, and how large they may be. */
export const requestVariables = {
  TRUSTED_PROXIES: list()
    .refine(isProxyList, 'must be addresses, CIDR ranges, loopback, linklocal, uniquelocal or hasura')
    .prefault('')
    .meta({
      description:
        'Proxies whose X-Forwarded-For counts: addresses and CIDR ranges, `loopback`, `linklocal`, `uniquelocal`; add `hasura` if Hasura itself stands behind one of these proxies.',
      shownDefault: 'none',
    }),
  CORS_ORIGINS: list()
    .transform((origins, context) =>
      parseOrigins(origins, (message) => context.issues.push({ code: 'custom', message, input: origins })),
    )
    .prefault('')
    .meta({
      description:
        'Origins, separated by commas, whose pages may call the gateway: scheme, host and port, like `https://app.example.com` or `capacitor://localhost`. `*` allows all, without cookies.',
      shownDefault: 'none',
    }),
  CORS_ALLOWED_HEADERS: list()
    .pipe(z.array(z.string().regex(HEADER_NAME, 'must be names of headers').toLowerCase()).max(100))
    .prefault('')
    .meta({
      description:
        'Headers, separated by commas, that pages may send besides `authorization`, `content-type`, `x-request-id` and those of tracing (`traceparent`, `tracestate`, `baggage`, `sentry-trace`, `b3`, `x-b3-…`).',
      shownDefault: 'none',
    }),
  MAX_BODY_BYTES: integer(1024, 10_485_760).prefault('1048576').meta({
    description: 'Bytes a request body may have.',
  }),
  MAX_CONCURRENT_REQUESTS: integer(1, 100_000).prefault('1000').meta({
    description: 'Requests that may be in progress at once. The gateway refuses more with `busy`.',
  }),
  MAX_CONNECTIONS: integer(10, 1_000_000).prefault('8192').meta({
    description:
      'Connections that may be open at once. One more closes the one that has been silent for longest. It is dropped if all are in use.',
  }),
  GRAPHQL_MAX_DEPTH: integer(1, 100)
    .prefault('8')
    .meta({ description: 'Levels a GraphQL operation may nest.' }),
  GRAPHQL_MAX_ALIASES: integer(0, 10_000).prefault('15').meta({
    description:
      'Aliases an operation may use. Remote joins of Hasura need one per row, so Hasura may use that many below each root field.',
  }),
  GRAPHQL_MAX_TOKENS: integer(10, 100_000).prefault('1000').meta({
    description:
      'Tokens a GraphQL document may have, of 8 KB each, and as many comments. Remote joins of Hasura repeat the selection for each row, so Hasura may use that many in each root field, and ten times as many in all.',
  }),
  GRAPHQL_MAX_COST: integer(10, 1_000_000).prefault('1000').meta({
    description:
      'Cost an operation may have: one a field, and more for deeper fields. From Hasura each root field may have that much.',
  }),
  GRAPHIQL: flag().optional().meta({
    description: 'GraphiQL at /graphql.',
    shownDefault: 'on; off in production',
  }),
  GRAPHQL_INTROSPECTION: flag().optional().meta({
    description: 'Introspection for every client. Hasura may always introspect.',
    shownDefault: 'on; off in production',
  }),
  SWAGGER: flag().optional().meta({
    description:
      'Swagger UI at /swagger, to read and try the HTTP endpoints. Their description is always at /openapi.json.',
    shownDefault: 'on; off in production',
  }),
  HASURA_UNAUTHORIZED_ROLE: text().default('anonymous').meta({
    description:
      "Hasura's HASURA_GRAPHQL_UNAUTHORIZED_ROLE. The gateway ignores session variables of this role.",
  }),
};
