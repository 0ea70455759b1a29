import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../errors.ts';
import { version } from '../version.ts';
import type { Endpoint, EndpointSecurity } from './endpoint.ts';

/** The error body of every dialect here. */
const ErrorAnswer = z
  .object({
    code: z
      .enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'What went wrong.' }),
    detail: z.string().meta({ description: 'The same as a sentence.' }),
    attribute: z.string().nullable().meta({ description: 'The input at fault, if it is one.' }),
  })
  .meta({ description: 'An error.' });

const securitySchemes = {
  accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token.' },
  refreshOrAccessToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'A refresh token, or an unexpired access token of a live session.',
  },
  internalSecret: { type: 'http', scheme: 'bearer', description: 'The secret shared with Hasura.' },
} satisfies Record<EndpointSecurity, object>;

const jsonSchema = (schema: z.ZodType): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};
const json = (schema: object) => ({ 'application/json': { schema } });
const errorReference = json({ $ref: '#/components/schemas/Error' });

/** What any endpoint may answer, and what only one with a body, or a guard, may. */
function errorsOf({ body, security, errors = [] }: Endpoint): ErrorCode[] {
  return [
    ...errors,
    ...(body === undefined
      ? []
      : ([
          ...(['required', 'invalid', 'invalid_json', 'request_timeout'] as const),
          ...(['payload_too_large', 'unsupported_media_type'] as const),
        ] as const)),
    ...(security === 'internalSecret' ? (['permission_denied', 'rate_limited'] as const) : []),
    ...(['invalid_request', 'method_not_allowed', 'busy', 'unavailable', 'internal_error'] as const),
  ];
}

function responses(endpoint: Endpoint): Record<string, object> {
  const codesByStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(errorsOf(endpoint))) {
    const { status } = errorCatalogue[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  const failures = [...codesByStatus]
    .filter(([status]) => !Object.hasOwn(endpoint.answers, status))
    .map(([status, codes]) => [
      status,
      { description: codes.map((code) => `\`${code}\``).join(', '), content: errorReference },
    ]);
  const answers = Object.entries(endpoint.answers).map(([status, { description, schema }]) => [
    status,
    { description, ...(schema !== undefined && { content: json(jsonSchema(schema)) }) },
  ]);
  return Object.fromEntries([...answers, ...failures]) as Record<string, object>;
}

function operation(endpoint: Endpoint): object {
  const { operationId, dialect, summary, description, security, body, parameters = {} } = endpoint;
  return {
    operationId,
    tags: [dialect],
    summary,
    ...(description !== undefined && { description }),
    ...(security !== undefined && { security: [{ [security]: [] }] }),
    ...(Object.keys(parameters).length > 0 && {
      parameters: Object.entries(parameters).map(([name, parameter]) => ({
        name,
        in: parameter.in,
        description: parameter.description,
        required: parameter.in === 'path' || (parameter.required ?? false),
        schema: { type: 'string' },
      })),
    }),
    ...(body !== undefined && { requestBody: { required: true, content: json(jsonSchema(body)) } }),
    responses: responses(endpoint),
  };
}

/** The OpenAPI 3.1 description of the HTTP dialects, from the same definitions that validate requests. */
export function describeEndpoints(endpoints: readonly Endpoint[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version,
      description:
        'The HTTP dialects of the gateway. The same operations, and more, are in GraphQL at `/graphql`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Wherever this description was read from: the page that shows it may call no other server.
    servers: [{ url: '/' }],
    tags: [
      { name: 'Portal', description: "The developer portal's login and sign-up." },
      { name: 'Teams', description: 'Accounts, email verification, user and team tokens.' },
      { name: 'Keys', description: 'Signing keys and contract addresses.' },
      { name: 'Operations', description: 'Health.' },
    ],
    paths,
    components: { schemas: { Error: jsonSchema(ErrorAnswer) }, securitySchemes },
  };
}
