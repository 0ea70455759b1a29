import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { AuthError, type ErrorCode, errorCatalogue } from '../errors.ts';
import type { Log } from '../log.ts';
import { toAuthError } from '../request/public-error.ts';
import { requestIdExtension } from '../request/request-id.ts';
import { locate } from './locations.ts';
import { beginningOf, withoutSuggestions, withoutValues } from './sentences.ts';

/** The codes of Yoga and graphql-js, and the catalogue's code for each. */
const TRANSLATED_CODES: Readonly<Record<string, ErrorCode>> = {
  GRAPHQL_PARSE_FAILED: 'graphql_parse_failed',
  GRAPHQL_VALIDATION_FAILED: 'graphql_validation_failed',
  OPERATION_RESOLUTION_FAILURE: 'graphql_validation_failed',
  BAD_REQUEST: 'invalid_json',
  BAD_USER_INPUT: 'invalid_input',
};

/** graphql-js stops validating if it would compare too many fields with the same name. */
const VALIDATION_ABORTED = 'Validation aborted.';

function originalOf(error: unknown): unknown {
  let original = error;
  while (isGraphQLErrorLike(original) && original.originalError != null) original = original.originalError;
  return original;
}

/** A value in the document lacks a required field. */
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
  /** Whether "Did you mean" may show names of the schema. False if introspection is off. */
  suggestions: boolean;
};

/**
 * Turns an error into the one that the client gets: always `{message, extensions: {code, attribute}}`. An error that is not in the
 * catalogue is logged and masked. The client gets the request's id, by which an operator finds it in the log.
 */
export function maskGraphQLError(error: unknown, { log, requestId, suggestions }: MaskOptions): GraphQLError {
  const original = originalOf(error);
  if (isGraphQLErrorLike(original)) return fromGraphQL(original, suggestions);
  const known = toAuthError(original);
  if (known.isLogged) log.error({ requestId, err: original }, 'A GraphQL field failed.');
  return located(known.message, { ...publicExtensions(known, requestId) }, error);
}

/** The extensions of an error. Yoga reads `http`, and `publicForm` removes it. */
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
  if (typeof code === 'string' && Object.hasOwn(errorCatalogue, code)) return error as GraphQLError; // it came from the gateway
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

/** An error as the answer holds it: without `http`, which only Yoga reads. */
export function publicForm(error: GraphQLError): GraphQLFormattedError {
  const { extensions = {}, ...formatted } = error.toJSON();
  const { http: _, ...shown } = extensions;
  return { ...formatted, extensions: shown };
}

export const asGraphQLError = (error: AuthError, requestId: string): GraphQLError =>
  located(error.message, publicExtensions(error, requestId), null);
