import { z } from 'zod';
import { AuthError, type ErrorCode } from '../errors.ts';
import { version } from '../version.ts';
import type { Dialect, DialectDocumentation } from './dialect.ts';
import type { Documentation, Endpoint } from './endpoint.ts';
import { unwrapSchema } from './input.ts';
import type { MountedDialect } from './mount.ts';

/** What any request may be answered, and what only one with a body may. */
const COMMON_ERRORS = [
  ...(['invalid_request', 'method_not_allowed', 'busy', 'unavailable', 'internal_error'] as const),
] satisfies ErrorCode[];
const BODY_ERRORS = [
  ...(['required', 'invalid', 'invalid_json', 'request_timeout'] as const),
  ...(['payload_too_large', 'unsupported_media_type'] as const),
] satisfies ErrorCode[];

/** An endpoint that the document lists, and what its dialect says for all of them. */
type Listed = { endpoint: Endpoint; docs: Documentation; dialect: Dialect; ofDialect: DialectDocumentation };

const jsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};
const json = (schema: object) => ({ 'application/json': { schema } });

const isAnyText = (schema: z.ZodType): boolean =>
  unwrapSchema(schema) instanceof z.ZodString && (unwrapSchema(schema)._zod.def.checks ?? []).length === 0;

/** What may be wrong with the parameters of a path and a query. */
function parameterErrors({ params, query }: Endpoint): ErrorCode[] {
  const schemas = [params, query].flatMap((object) => (object === undefined ? [] : [object]));
  const isRequired = query !== undefined && !query.safeParse({}).success;
  const mayBeWrong = schemas.some(({ shape }) => !Object.values(shape).every(isAnyText));
  return [...(isRequired ? (['required'] as const) : []), ...(mayBeWrong ? (['invalid'] as const) : [])];
}

function errorsOf({ endpoint, docs }: Listed): ErrorCode[] {
  const ofBody = endpoint.body === undefined ? [] : BODY_ERRORS;
  return [...(docs.errors ?? []), ...parameterErrors(endpoint), ...ofBody, ...COMMON_ERRORS];
}

function responses(listed: Listed): Record<string, object> {
  const { answers } = listed.docs;
  const reference = json({ $ref: `#/components/schemas/${listed.ofDialect.error.name}` });
  const codesByStatus = new Map<number, Set<string>>();
  for (const error of errorsOf(listed)) {
    const { status, code } = listed.dialect.spellError(new AuthError(error), { id: '', headers: {} });
    codesByStatus.set(status, (codesByStatus.get(status) ?? new Set()).add(code));
  }
  const failures = [...codesByStatus]
    .filter(([status]) => !Object.hasOwn(answers, status))
    .map(([status, codes]) => [
      status,
      { description: [...codes].map((code) => `\`${code}\``).join(', '), content: reference },
    ]);
  const successes = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    { description, ...(schema !== undefined && { content: json(jsonSchema(schema)) }) },
  ]);
  return Object.fromEntries([...successes, ...failures]) as Record<string, object>;
}

function parameters(place: 'path' | 'query', schema: z.ZodObject | undefined): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: place,
    ...(description !== undefined && { description }),
    required: required.includes(name),
    schema: of,
  }));
}

function operation(listed: Listed): object {
  const { endpoint, docs, ofDialect } = listed;
  const { operationId, summary, description, security } = docs;
  const { body } = endpoint;
  const all = [...parameters('path', endpoint.params), ...parameters('query', endpoint.query)];
  return {
    operationId,
    tags: [ofDialect.tag],
    summary,
    ...(description !== undefined && { description }),
    ...(security !== undefined && { security: [{ [security.name]: [] }] }),
    ...(all.length > 0 && { parameters: all }),
    ...(body !== undefined && {
      requestBody: { required: !body.safeParse(undefined).success, content: json(jsonSchema(body)) },
    }),
    responses: responses(listed),
  };
}

const listedOf = ({ dialect, endpoints }: MountedDialect): Listed[] => {
  const { docs: ofDialect } = dialect;
  if (ofDialect === null) return [];
  return endpoints.flatMap((endpoint) =>
    endpoint.docs === null ? [] : [{ endpoint, docs: endpoint.docs, dialect, ofDialect }],
  );
};

/** The OpenAPI 3.1 description of the dialects, from the same definitions that validate requests. */
export function describeDialects(mounted: readonly MountedDialect[]): object {
  const listed = mounted.flatMap(listedOf);
  const paths: Record<string, Record<string, object>> = {};
  for (const each of listed) {
    const path = each.endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [each.endpoint.method.toLowerCase()]: operation(each) };
  }
  const tags = new Map(listed.map(({ ofDialect: { tag, description } }) => [tag, description]));
  const errors = new Map(listed.map(({ ofDialect: { error } }) => [error.name, error.schema]));
  const schemes = listed.flatMap(({ docs: { security } }) => (security === undefined ? [] : [security]));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version,
      description:
        'The HTTP endpoints of the gateway. GraphQL at `/graphql` has the same operations and more.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // The page that shows this description may call no other server.
    servers: [{ url: '/' }],
    tags: [...tags].map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries([...errors].map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: Object.fromEntries(schemes.map(({ name, scheme }) => [name, scheme])),
    },
  };
}
