import { z } from 'zod';
import { AuthError, type ErrorCode } from '../errors.ts';
import { version } from '../version.ts';
import type { Dialect, DialectDocumentation, ErrorForm } from './dialect.ts';
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
const form = (schema: object) => ({ 'application/x-www-form-urlencoded': { schema } });

const isAnyText = (schema: z.ZodType): boolean =>
  unwrapSchema(schema) instanceof z.ZodString && (unwrapSchema(schema)._zod.def.checks ?? []).length === 0;

/** What may be wrong with the parameters of a path and a query. */
function parameterErrors({ params, query }: Endpoint): ErrorCode[] {
  const schemas = [params, query].flatMap((object) => (object === undefined ? [] : [object]));
  // Without a prototype, since Zod reads inherited properties as attributes.
  const isRequired = query !== undefined && !query.safeParse(Object.create(null)).success;
  const mayBeWrong = schemas.some(({ shape }) => !Object.values(shape).every(isAnyText));
  return [...(isRequired ? (['required'] as const) : []), ...(mayBeWrong ? (['invalid'] as const) : [])];
}

function errorsOf({ endpoint, docs }: Listed): AuthError[] {
  const ofBody = endpoint.body === undefined ? [] : BODY_ERRORS;
  const all = [...(docs.errors ?? []), ...parameterErrors(endpoint), ...ofBody, ...COMMON_ERRORS];
  return all.map((error) => (typeof error === 'string' ? new AuthError(error) : error));
}

function errorSchema(forms: readonly ErrorForm[]): object {
  const [first, ...others] = forms.map(({ name }) => ({ $ref: `#/components/schemas/${name}` }));
  return first !== undefined && others.length === 0 ? first : { anyOf: [first, ...others] };
}

function responses(listed: Listed): Record<string, object> {
  const { answers } = listed.docs;
  const content = json(errorSchema(listed.ofDialect.errors));
  const request = {
    ...{ id: '', headers: {}, query: new URLSearchParams() },
    ...{ method: listed.endpoint.method, path: listed.endpoint.path },
  };
  const codesByStatus = new Map<number, Set<string>>();
  for (const error of errorsOf(listed)) {
    const { status, code } = listed.dialect.spellError(error, request);
    codesByStatus.set(status, (codesByStatus.get(status) ?? new Set()).add(code));
  }
  const failures = [...codesByStatus]
    .filter(([status]) => !Object.hasOwn(answers, status))
    .map(([status, codes]) => [
      status,
      { description: [...codes].map((code) => `\`${code}\``).join(', '), content },
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

function requestBody(body: z.ZodType, format: Endpoint['bodyFormat']): object {
  const isForm = format === 'form';
  // A form without fields is an empty body.
  const mayBeMissing = body.safeParse(undefined).success || (isForm && body.safeParse({}).success);
  return { required: !mayBeMissing, content: (isForm ? form : json)(jsonSchema(body)) };
}

function operation(listed: Listed): object {
  const { endpoint, docs, ofDialect } = listed;
  const { operationId, summary, description, security } = docs;
  const all = [...parameters('path', endpoint.params), ...parameters('query', endpoint.query)];
  return {
    operationId,
    tags: [ofDialect.tag],
    summary,
    ...(description !== undefined && { description }),
    ...(security !== undefined && { security: [{ [security.name]: [] }] }),
    ...(all.length > 0 && { parameters: all }),
    ...(endpoint.body !== undefined && { requestBody: requestBody(endpoint.body, endpoint.bodyFormat) }),
    responses: responses(listed),
  };
}

function documentedPath({ endpoint: { path, aliasesOnly }, dialect: { aliases = [] } }: Listed): string {
  const base = aliasesOnly ? (aliases[0] ?? '') : '';
  return base + path.replace(/:(\w+)/g, '{$1}');
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
    const path = documentedPath(each);
    paths[path] = { ...paths[path], [each.endpoint.method.toLowerCase()]: operation(each) };
  }
  const tags = new Map(listed.map(({ ofDialect: { tag, description } }) => [tag, description]));
  const errors = new Map(
    listed.flatMap(({ ofDialect }) => ofDialect.errors.map(({ name, schema }) => [name, schema])),
  );
  const schemes = listed.flatMap(({ docs: { security } }) => (security === undefined ? [] : [security]));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version,
      description:
        'The HTTP endpoints of the gateway. GraphQL at `/graphql` has most of these operations, and others.',
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
