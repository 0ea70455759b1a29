import type { IncomingHttpHeaders } from 'node:http';
import type { FieldNode, GraphQLSchema } from 'graphql';
import { keyOf, type Operation, requestFor } from './document.ts';
import { Failure, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import type { RemoteSchema } from './metadata.ts';
import { type Answer, forwardedHeaders, type Headers, postJson } from './wire.ts';

/** What the engine's environment gives the metadata. */
export type EngineEnvironment = Readonly<Record<string, string>>;

/** A variable that is not set makes the object inconsistent (hasura/README.md, "Environment variables"). */
export function fromEnvironment(env: EngineEnvironment, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`environment variable '${name}' not set`);
  return value;
}

export const configuredHeaders = (
  env: EngineEnvironment,
  headers: readonly { name: string; value_from_env: string }[],
): Headers =>
  Object.fromEntries(headers.map(({ name, value_from_env: from }) => [name, fromEnvironment(env, from)]));

/** A remote schema that was introspected. */
export type Remote = { metadata: RemoteSchema; url: string; configured: Headers; upstream: GraphQLSchema };

/** Configured headers win over session variables, and those over the client's (hasura/README.md, "Forwarded headers"). */
export function headersFor(
  { metadata, configured }: Remote,
  session: HasuraSession,
  client: IncomingHttpHeaders,
): Headers {
  const forwarded = metadata.definition.forward_client_headers ? forwardedHeaders(client) : {};
  return { ...forwarded, ...session, ...configured };
}

export const remoteError = (message: string) => refusal('remote-schema-error', message);

/** The answer rules of hasura/README.md, "Execution requests". The HTTP status says nothing. */
function readAnswer({ text }: Answer, key: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw remoteError('remote schema response is not a valid json');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw remoteError('remote schema response is not an object');
  if ('errors' in body) {
    if (!Array.isArray(body.errors)) throw remoteError('Invalid "errors" field in response from remote');
    throw new Failure({ data: null, errors: body.errors });
  }
  if (!('data' in body)) throw remoteError('Missing "data" field in response from remote');
  const { data } = body;
  if (typeof data !== 'object' || data === null || !(key in data)) throw remoteError(`expecting key ${key}`);
  return (data as Record<string, unknown>)[key];
}

export type RootAnswer = { value: unknown; cookies: readonly string[] };

/** Executes one root field by a request of its own. */
export async function runRemoteField(
  remote: Remote,
  operation: Operation,
  field: FieldNode,
  { session, client }: { session: HasuraSession; client: IncomingHttpHeaders },
): Promise<RootAnswer> {
  const headers = headersFor(remote, session, client);
  const answer = await postJson(remote.url, headers, requestFor(operation, [field])).catch(() => {
    const at = remote.metadata.definition.url_from_env;
    throw remoteError(`HTTP exception occurred while sending the request to "${at}"`);
  });
  return { value: readAnswer(answer, keyOf(field)), cookies: answer.headers['set-cookie'] ?? [] };
}
