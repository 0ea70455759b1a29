import type { IncomingHttpHeaders } from 'node:http';
import type { FieldNode, GraphQLSchema } from 'graphql';
import { keyOf, type Operation, requestFor } from './document.ts';
import { Failure, Refusal, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { kindOf } from './json.ts';
import type { RemoteSchema } from './metadata.ts';
import { traceHeaders } from './trace.ts';
import { type Answer, exceptionOf, forwardedHeaders, type Headers, postJson } from './wire.ts';

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

const remoteError = (message: string) => refusal('remote-schema-error', message);

/** Asks a remote schema; whether anybody answers, not what. */
export function askRemote(
  { metadata, url }: Pick<Remote, 'metadata' | 'url'>,
  headers: Headers,
  body: object,
): Promise<Answer> {
  const { url_from_env: variable, timeout_seconds: timeoutSeconds = 60 } = metadata.definition;
  const call = { url, headers: { ...headers, ...traceHeaders() }, body, timeoutSeconds };
  return postJson(call).catch((error: Error) => {
    const reason = `HTTP exception occurred while sending the request to "${variable}"`;
    const code = 'remote-schema-error';
    throw new Refusal({ error: reason, path: '$', code }, 400, exceptionOf(call, error));
  });
}

const asObject = (value: unknown): Record<string, unknown> => {
  if (kindOf(value) === 'Object') return value as Record<string, unknown>;
  throw remoteError('expecting ordered object');
};

/** The answer rules of hasura/README.md, "Execution requests". The HTTP status says nothing. */
function readAnswer({ text }: Answer, key: string): unknown {
  const body = asObject(parseAnswer(text));
  if ('errors' in body) {
    if (!Array.isArray(body.errors)) throw remoteError('Invalid "errors" field in response from remote');
    throw new Failure({ data: null, errors: body.errors });
  }
  if (!('data' in body)) throw remoteError('Missing "data" field in response from remote');
  const data = asObject(body.data);
  if (!(key in data)) throw remoteError(`expecting key ${key}`);
  return data[key];
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // In the engine these are the words of its JSON library.
    throw remoteError((error as Error).message);
  }
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
  const answer = await askRemote(remote, headers, requestFor(operation, [field]));
  return { value: readAnswer(answer, keyOf(field)), cookies: answer.headers['set-cookie'] ?? [] };
}
