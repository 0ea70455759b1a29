import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { AuthError, type ErrorCode, errorCatalogue } from '../errors.ts';
import type { Log } from '../log.ts';
import { toAuthError } from '../request/public-error.ts';
import { requestIdExtension } from '../request/request-id.ts';
import { locate } from './locations.ts';
import { beginningOf, withoutSuggestions, withoutValues } from './sentences.ts';

/** The codes that Yoga and graphql-js give, in the catalogue's spelling. */
const TRANSLATED_CODES: Readonly<Record<string, ErrorCode>> = {
  GRAPHQL_PARSE_FAILED: 'graphql_parse_failed',
  GRAPHQL_VALIDATION_FAILED: 'graphql_validation_failed',
  OPERATION_RESOLUTION_FAILURE: 'graphql_validation_failed',
  BAD_REQUEST: 'invalid_json',
  BAD_USER_INPUT: 'invalid_input',
};

/** graphql-js gave up: too many comparisons of fields that have one name. */
const VALIDATION_ABORTED = 'Validation aborted.';

function originalOf(error: unknown): unknown {
  let original = error;
  while (isGraphQLErrorLike(original) && original.originalError != null) original = original.originalError;
  return original;
}

/** A value written into the document lacks a field that must be there. */
const MISSING_FIELD = /^Field "\w+\.(?<field>\w+)" of required type/;

type GraphQLErrorLike = Error & { originalError?: Error | null; extensions?: Record<string, unknown> };
const isGraphQLErrorLike = (error: unknown): error is GraphQLErrorLike =>
  error instanceof Error && error.name === 'GraphQLError';

function located(message: string, extensions: Record<string, unknown>, at: unknown): GraphQLError {
  if (!isGraphQLErrorLike(at)) return new GraphQLError(message, { extensions });
  const { path, nodes, source, positions } = at as GraphQLError;
  const place = {
    path: path ?? null,
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
  };
  return locate(new GraphQLError(message, { extensions, ...place }));
}

type MaskOptions = {
  log: Log;
  requestId: string;
  /** Whether "Did you mean" may tell names of the schema: not where introspection is off. */
  suggestions: boolean;
};

/**
 * The error a GraphQL caller gets: always `{message, extensions: {code, attribute}}`. What the catalogue does not know is
 * logged and masked, with the request's id for whoever has to find it again.
 */
export function maskGraphQLError(error: unknown, { log, requestId, suggestions }: MaskOptions): GraphQLError {
  const original = originalOf(error);
  if (isGraphQLErrorLike(original)) return fromGraphQL(original, suggestions);
  const known = toAuthError(original);
  if (known.status >= 500 && known.cause !== undefined)
    log.error({ requestId, err: original }, 'A GraphQL field failed.');
  return located(known.message, { ...publicExtensions(known, requestId) }, error);
}

/** `http` is for Yoga, which keeps it to itself. */
function publicExtensions(error: AuthError, requestId: string): Record<string, unknown> {
  return {
    ...error.extensions,
    ...requestIdExtension(error, requestId),
    ...(error.retryAfterSeconds !== null && {
      http: { headers: { 'retry-after': String(error.retryAfterSeconds) } },
    }),
  };
}

function fromGraphQL(error: GraphQLErrorLike, suggestions: boolean): GraphQLError {
  const { code, http } = error.extensions ?? {};
  if (typeof code === 'string' && Object.hasOwn(errorCatalogue, code)) return error as GraphQLError; // one of ours
  const translated =
    typeof code === 'string' ? (TRANSLATED_CODES[code] ?? code) : 'graphql_validation_failed';
  const extensions = { code: translated, attribute: null, ...(http !== undefined && { http }) };
  if (error.message === VALIDATION_ABORTED) return asGraphQLError(new AuthError('query_too_complex'), '');
  const missing = MISSING_FIELD.exec(beginningOf(error.message))?.groups?.field;
  if (missing !== undefined)
    return located(errorCatalogue.required.message, { code: 'required', attribute: missing }, error);
  const message = withoutValues(error.message);
  return located(suggestions ? message : withoutSuggestions(message), extensions, error);
}

/** An error as the answer holds it: without what is for Yoga alone. */
export function publicForm(error: GraphQLError): GraphQLFormattedError {
  const { extensions = {}, ...formatted } = error.toJSON();
  const { http: _, ...shown } = extensions;
  return { ...formatted, extensions: shown };
}

export const asGraphQLError = (error: AuthError, requestId: string): GraphQLError =>
  located(error.message, publicExtensions(error, requestId), null);
