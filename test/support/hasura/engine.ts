import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PUBLIC_URL, type TestGateway } from '../gateway.ts';
import { type ClientRequest, execute } from './execute.ts';
import { Failure } from './failure.ts';
import { createJwtVerifier } from './jwt.ts';
import { openLogin } from './login.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import type { EngineEnvironment } from './remote-schema.ts';
import { readSession, type SessionSettings } from './session.ts';
import { type EngineState, loadState } from './state.ts';

export type EngineOptions = {
  gateway: Pick<TestGateway, 'url' | 'secret'>;
  databaseUrl: string;
  adminSecret?: string;
  /** Environment variables of the engine beside those that hasura/README.md lists, or instead of them. */
  env?: EngineEnvironment;
  /** Spoils what was read of the metadata: for tests that such a thing is noticed. */
  spoil?: (metadata: Metadata) => void;
  now?: () => number;
};

export type Engine = {
  /** Of its GraphQL API. */
  url: string;
  adminSecret: string;
  /** What is missing from the API, and why. */
  inconsistent(): readonly string[];
  reloadMetadata(): Promise<void>;
  close(): Promise<void>;
};

/** The environment that hasura/README.md, "Environment variables", asks for. */
const environmentFor = ({ gateway, env = {} }: EngineOptions): EngineEnvironment => ({
  PORTCULLIS_URL: gateway.url,
  PORTCULLIS_GRAPHQL_URL: `${gateway.url}/graphql`,
  INTERNAL_ENDPOINTS_SECRET: gateway.secret,
  HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'anonymous',
  HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({
    jwk_url: `${gateway.url}/.well-known/jwks.json`,
    issuer: PUBLIC_URL,
    audience: 'hasura',
    allowed_skew: 30,
  }),
  ...env,
});

/**
 * Plays a graphql-engine v2 with the shipped metadata, as far as hasura/README.md, "The rules of Hasura that we rely on",
 * describes one: a real server, whose gateway and database are real too.
 * @throws where the JWKS cannot be fetched: the engine exits
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const env = environmentFor(options);
  const adminSecret = options.adminSecret ?? randomBytes(32).toString('hex');
  const jwtSecret = JSON.parse(env.HASURA_GRAPHQL_JWT_SECRET ?? '');
  const jwt = await createJwtVerifier(jwtSecret, options.now ?? Date.now);
  const login = await openLogin(options.databaseUrl);
  const settings = { adminSecret, jwt, unauthorizedRole: env.HASURA_GRAPHQL_UNAUTHORIZED_ROLE ?? '' };
  const load = async () => {
    const metadata = await readMetadata();
    options.spoil?.(metadata);
    return loadState(metadata, { env, sql: login.sql });
  };
  try {
    let state = await load();
    const server = await listen(() => state, settings);
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/graphql`,
      adminSecret,
      inconsistent: () => state.inconsistent,
      async reloadMetadata() {
        state = await load();
      },
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await login.close();
      },
    };
  } catch (error) {
    await login.close();
    throw error;
  }
}

async function listen(state: () => EngineState, settings: SessionSettings): Promise<Server> {
  const server = createServer((request, response) => {
    answer(state(), settings, request, response).catch((error: unknown) => {
      // Of this code, not of what it plays: a test must see it.
      response.statusCode = 500;
      response.end(JSON.stringify({ errors: [{ message: String((error as Error).stack) }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** HTTP 200 whatever happens; cookies where nothing failed (hasura/README.md, "Forwarded headers"). */
async function answer(
  state: EngineState,
  settings: SessionSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  if (request.method === 'GET' && request.url?.startsWith('/healthz'))
    return answerHealth(state, request, response);
  if (request.method !== 'POST' || request.url !== '/v1/graphql') {
    response.statusCode = 404;
    return void response.end('{"path":"$","error":"resource does not exist","code":"not-found"}');
  }
  const text = await readBody(request);
  try {
    const session = await readSession(settings, request.headers);
    const caller = { session, client: request.headers };
    const { data, cookies } = await execute(state, caller, JSON.parse(text) as ClientRequest);
    if (cookies.length > 0) response.setHeader('set-cookie', [...cookies]);
    response.end(JSON.stringify({ data }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    response.end(JSON.stringify(error.answer));
  }
}

/** With `?strict=true` anything that is inconsistent is a failure (hasura/README.md, "Using the metadata"). */
function answerHealth(state: EngineState, request: IncomingMessage, response: ServerResponse): void {
  const isWell = state.inconsistent.length === 0;
  const isStrict = request.url?.includes('strict=true') === true;
  response.statusCode = isWell || !isStrict ? 200 : 500;
  response.end(
    isWell
      ? 'OK'
      : isStrict
        ? 'ERROR: inconsistent objects in schema'
        : 'WARN: inconsistent objects in schema',
  );
}
