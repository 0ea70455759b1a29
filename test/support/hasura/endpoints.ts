import type { IncomingMessage, ServerResponse } from 'node:http';
import { readOperation, runOperation } from './commands/api.ts';
import type { MetadataStore } from './commands/draft.ts';
import { readConfig } from './config.ts';
import { readRequest } from './document.ts';
import { execute } from './execute.ts';
import { Failure, Refusal, refusal } from './failure.ts';
import { parseJson, printJson } from './json.ts';
import { readSession, type SessionSettings } from './session.ts';
import type { EngineState } from './state.ts';

export type Endpoints = MetadataStore & {
  settings: SessionSettings;
  /** The enabled APIs (hasura/README.md, "Environment variables"). */
  apis: readonly string[];
  /** HASURA_GRAPHQL_CORS_DOMAIN: the allowed origins; `*` for all. */
  cors: readonly string[];
};

/** Answers one request (hasura/README.md, "Answers of the engine"). */
export async function answer(
  endpoints: Endpoints,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
  const { apis, cors } = endpoints;
  if (allowsOrigin(cors, request, response) && request.method === 'OPTIONS')
    return void response.writeHead(204).end();
  switch (`${request.method} ${pathname}`) {
    case 'GET /healthz':
      return answerHealth(endpoints.state(), searchParams.get('strict') === 'true', response);
    case 'POST /v1/metadata':
      return apis.includes('metadata') ? answerMetadata(endpoints, request, response) : notFound(response);
    case 'POST /v1/graphql':
      return apis.includes('graphql') ? answerGraphql(endpoints, request, response) : notFound(response);
    case 'GET /v1/version':
      return send(response, 200, { version: endpoints.state().version, server_type: 'ce' });
    case 'GET /v1alpha1/config':
      return apis.includes('config') ? answerConfig(endpoints, request, response) : notFound(response);
    default:
      return notFound(response);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(printJson(body));
}

const notFound = (response: ServerResponse): void =>
  send(response, 404, { path: '$', error: 'resource does not exist', code: 'not-found' });

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** With `strict=true` every inconsistency is a failure (hasura/README.md, "Using the metadata"). */
function answerHealth(state: EngineState, isStrict: boolean, response: ServerResponse): void {
  const isHealthy = state.inconsistent.length === 0;
  const [status, text] = isHealthy
    ? [200, 'OK']
    : isStrict
      ? [500, 'ERROR: inconsistent objects in schema']
      : [200, 'WARN: inconsistent objects in schema'];
  response.writeHead(status as number, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

/** The engine's own settings, for admin alone. */
const answerConfig = (endpoints: Endpoints, request: IncomingMessage, response: ServerResponse) =>
  orRefusal(response, async () => {
    const session = await readSession(endpoints.settings, request.headers);
    if (session['x-hasura-role'] !== 'admin')
      throw refusal('access-denied', 'restricted access : admin only');
    send(response, 200, readConfig(endpoints.state()));
  });

/** A request without the admin role is refused only after its body has been read. */
async function answerMetadata(
  endpoints: Endpoints,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readText(request);
  await orRefusal(response, async () => {
    const session = await readSession(endpoints.settings, request.headers);
    const operation = readOperation(parseJson(text));
    if (session['x-hasura-role'] !== 'admin')
      throw refusal('access-denied', 'restricted access : admin only', '$.args');
    send(response, 200, await runOperation(endpoints, operation));
  });
}

async function orRefusal(response: ServerResponse, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { reason, internal, status } = error;
    send(response, status, { ...reason, ...(internal !== null && { internal }) });
  }
}

/** Answers always 200, and sets cookies on success (hasura/README.md, "Forwarded headers"). Does not play batches. */
async function answerGraphql(
  { state, settings }: Endpoints,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readText(request);
  try {
    const session = await readSession(settings, request.headers);
    const caller = { session, client: request.headers };
    const { data, cookies } = await execute(state(), caller, readRequest(parseJson(text)));
    if (cookies.length > 0) response.setHeader('set-cookie', [...cookies]);
    send(response, 200, { data });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    send(response, 200, error.answer);
  }
}

/**
 * Lets pages of an allowed origin read the answer, with cookies (hasura/README.md, "Answers of the engine"). Pages of other
 * origins get the answer without these headers.
 */
function allowsOrigin(
  domains: readonly string[],
  { headers }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = headers;
  if (origin === undefined || !(domains.includes('*') || domains.includes(origin))) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', 'GET,POST,PUT,PATCH,DELETE,OPTIONS');
  response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '');
  return true;
}
