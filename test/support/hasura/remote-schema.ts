import type { IncomingHttpHeaders } from 'node:http';
import type { FieldNode, GraphQLSchema } from 'graphql';
import { keyOf, type Operation, requestFor } from './document.ts';
import { Failure, isObject, Refusal, refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';
import { printJson } from './json.ts';
import type { Header, RemoteSchema } from './metadata-types.ts';
import type { RemoteNaming } from './remote-naming.ts';
import { type Answer, exceptionOf, forwardedHeaders, type Headers, postJson } from './wire.ts';

/** The environment variables of the engine, which the metadata name. */
export type EngineEnvironment = Readonly<Record<string, string>>;

/** The session of a request, and the headers of the client. */
export type Caller = { session: HasuraSession; client: IncomingHttpHeaders };

/** A variable that is not set makes the object inconsistent (hasura/README.md, "Environment variables"). */
export function fromEnvironment(env: EngineEnvironment, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`environment variable '${name}' not set`);
  return value;
}

/** A text whose variables stand in double braces: `{{PORTCULLIS_URL}}/graphql`. */
export const filledIn = (env: EngineEnvironment, text: string): string =>
  text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => fromEnvironment(env, name));

export const configuredHeaders = (env: EngineEnvironment, headers: readonly Header[] = []): Headers =>
  Object.fromEntries(
    headers.map(({ name, value, value_from_env: from }) => [
      name,
      from === undefined ? filledIn(env, value ?? '') : fromEnvironment(env, from),
    ]),
  );

/** The address of a remote schema, from its variable or as it stands. */
export const remoteUrl = (
  env: EngineEnvironment,
  { url, url_from_env: from }: RemoteSchema['definition'],
): string => (from === undefined ? filledIn(env, url ?? '') : filledIn(env, fromEnvironment(env, from)));

/** A remote schema that was introspected. */
export type Remote = {
  metadata: RemoteSchema;
  url: string;
  configured: Headers;
  upstream: GraphQLSchema;
  naming: RemoteNaming;
};

/** Configured headers replace session variables, and these replace the client's headers (hasura/README.md, "Forwarded headers"). */
export function headersFor({ metadata, configured }: Remote, { session, client }: Caller): Headers {
  const forwarded = metadata.definition.forward_client_headers ? forwardedHeaders(client) : {};
  return { ...forwarded, ...session, ...configured };
}

const remoteError = (message: string) => refusal('remote-schema-error', message);

/** Sends a request to a remote schema. @throws Refusal if it does not answer; does not check the answer */
export function askRemote(
  { metadata, url }: Pick<Remote, 'metadata' | 'url'>,
  headers: Headers,
  body: object,
): Promise<Answer> {
  const { url_from_env: variable, timeout_seconds: timeoutSeconds = 60 } = metadata.definition;
  const named = variable ?? metadata.definition.url ?? url;
  const call = { url, headers, body, timeoutSeconds };
  return postJson(call).catch((error: Error) => {
    const reason = `HTTP exception occurred while sending the request to ${printJson(named)}`;
    throw new Refusal(
      { error: reason, path: '$', code: 'remote-schema-error' },
      400,
      exceptionOf(call, error),
    );
  });
}

/** The JSON object of an answer. The HTTP status does not count. */
export function parseAnswer({ text }: Answer): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw remoteError((error as Error).message);
  }
  if (!isObject(body)) throw remoteError('expecting ordered object');
  return body;
}

/** The answer rules of hasura/README.md, "Execution requests". */
function readAnswer(answer: Answer, key: string): unknown {
  const { data, ...body } = parseAnswer(answer);
  if ('errors' in body) {
    if (!Array.isArray(body.errors)) throw remoteError('Invalid "errors" field in response from remote');
    throw new Failure({ data: null, errors: body.errors });
  }
  if (!isObject(data) || !(key in data)) throw remoteError(`expecting key ${key}`);
  return data[key];
}

/** Executes one root field of the served type `parent` with its own request. */
export async function runRemoteField(
  remote: Remote,
  {
    operation,
    field,
    parent,
    schema,
  }: { operation: Operation; field: FieldNode; parent: string; schema: GraphQLSchema },
  caller: Caller,
): Promise<{ value: unknown; cookies: readonly string[] }> {
  const names = { schema, parent, naming: remote.naming };
  const request = requestFor(operation, {
    operation: operation.definition.operation,
    fields: [field],
    names,
  });
  const answer = await askRemote(remote, headersFor(remote, caller), request);
  return { value: readAnswer(answer, keyOf(field)), cookies: answer.headers['set-cookie'] ?? [] };
}
