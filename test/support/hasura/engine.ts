import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PUBLIC_URL, type TestGateway } from '../gateway.ts';
import { answer, type Endpoints } from './endpoints.ts';
import { createJwtVerifier } from './jwt.ts';
import { openLogin } from './login.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import type { EngineEnvironment } from './remote-schema.ts';
import { loadState, type Since } from './state.ts';

export type EngineOptions = {
  gateway: Pick<TestGateway, 'url' | 'secret'>;
  databaseUrl: string;
  adminSecret?: string;
  /** Environment variables that add to those in hasura/README.md or replace them; null unsets one. */
  env?: Readonly<Record<string, string | null>>;
  /** Changes the metadata after they are read, for tests that Hasura finds a fault. */
  spoil?: (metadata: Metadata) => void;
  now?: () => number;
  /** Milliseconds between the stand-in's checks of its JWKS; a minute by default. */
  jwksPollMs?: number;
};

export type Engine = {
  /** The URL of the GraphQL API. */
  url: string;
  adminSecret: string;
  /** The inconsistent objects, with their reasons. */
  inconsistent(): Promise<readonly string[]>;
  reloadMetadata(): Promise<void>;
  close(): Promise<void>;
};

/** The environment that hasura/README.md, "Environment variables", asks for. */
export const environmentFor = ({ gateway, env = {} }: EngineOptions): EngineEnvironment =>
  onlySet({
    PORTCULLIS_URL: gateway.url,
    PORTCULLIS_GRAPHQL_URL: `${gateway.url}/graphql`,
    INTERNAL_ENDPOINTS_SECRET: gateway.secret,
    HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'anonymous',
    HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: 'true',
    HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({
      jwk_url: `${gateway.url}/.well-known/jwks.json`,
      issuer: PUBLIC_URL,
      audience: 'hasura',
      allowed_skew: 30,
    }),
    ...env,
  });

/** The variables that are not null. */
export const onlySet = (env: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

/** Whether the tests run on a real graphql-engine in Docker. */
export const isRealEngine = process.env.HASURA_ENGINE === 'container';

/**
 * Starts Hasura with the shipped metadata: the stand-in, or with HASURA_ENGINE=container a real graphql-engine.
 * @throws if the JWKS cannot be fetched, since then the engine exits
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  if (!isRealEngine) return startStandIn(options);
  const { startContainer } = await import('./container.ts');
  return startContainer(options);
}

/**
 * Plays a graphql-engine v2 with the shipped metadata, as hasura/README.md, "The rules of Hasura that we rely on", describes it.
 * The stand-in is a real server with a real gateway and database.
 */
async function startStandIn(options: EngineOptions): Promise<Engine> {
  const env = environmentFor(options);
  const adminSecret = options.adminSecret ?? randomBytes(32).toString('hex');
  const jwtSecret = JSON.parse(env.HASURA_GRAPHQL_JWT_SECRET ?? '');
  const jwt = await createJwtVerifier(jwtSecret, options.now ?? Date.now, options.jwksPollMs);
  const login = await openLogin(options.databaseUrl);
  const load = async (since: Since | null) => {
    const metadata = await readMetadata();
    options.spoil?.(metadata);
    return loadState(metadata, { env, sql: login.sql }, since);
  };
  const settings = { adminSecret, jwt, unauthorizedRole: env.HASURA_GRAPHQL_UNAUTHORIZED_ROLE ?? null };
  const apis = (env.HASURA_GRAPHQL_ENABLED_APIS ?? 'metadata,graphql,pgdump,config').split(',');
  try {
    let state = await load(null);
    const server = await listen({
      settings,
      apis,
      cors: (env.HASURA_GRAPHQL_CORS_DOMAIN ?? '*').split(',').map((domain) => domain.trim()),
      state: () => state,
      load: (reload) => load({ ...reload, state }),
      take(loaded) {
        state = loaded;
      },
    });
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      url: `${address}/v1/graphql`,
      adminSecret,
      inconsistent: async () => state.inconsistent.map(({ name, reason }) => `${name}: ${reason}`),
      async reloadMetadata() {
        const response = await fetch(`${address}/v1/metadata`, {
          method: 'POST',
          headers: { 'x-hasura-admin-secret': adminSecret },
          body: JSON.stringify({ type: 'reload_metadata', args: {} }),
        });
        if (!response.ok) throw new Error(await response.text());
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

async function listen(endpoints: Endpoints): Promise<Server> {
  const server = createServer((request, response) => {
    answer(endpoints, request, response).catch((error: unknown) => {
      // A fault of the stand-in, which the test must see.
      response.statusCode = 500;
      response.end(JSON.stringify({ errors: [{ message: String((error as Error).stack) }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
