import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PUBLIC_URL, type TestGateway } from '../gateway.ts';
import { openAuthentication } from './authentication.ts';
import { runOperation } from './commands/api.ts';
import type { MetadataStore } from './commands/draft.ts';
import { answer, type Endpoints } from './endpoints.ts';
import { emptyMetadata } from './format/metadata.ts';
import { printJson } from './json.ts';
import { loginFor } from './login.ts';
import { type Metadata, readMetadata, toEngineMetadata } from './metadata.ts';
import type { EngineEnvironment } from './remote-schema.ts';
import { openConnections } from './sources.ts';
import { type EngineState, loadState } from './state.ts';
import { ENGINE_VERSION } from './version.ts';

export type EngineOptions = {
  gateway: Pick<TestGateway, 'url' | 'secret'>;
  databaseUrl: string;
  adminSecret?: string;
  /** The URL of a database login that a test made, and closes; by default one is made for the engine. */
  sourceUrl?: string;
  /** Another metadata directory than the shipped one. */
  project?: string;
  /** Environment variables that add to those in hasura/README.md or replace them; null unsets one. */
  env?: Readonly<Record<string, string | null>>;
  /** Changes the metadata after they are read, for tests that Hasura finds a fault. */
  spoil?: (metadata: Metadata) => void;
  /** Whole metadata to start with instead of the shipped ones, as an export has them; null for none. */
  metadata?: object | null;
  /** The version that the stand-in plays, with a `v`. */
  version?: string;
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
  /** Replaces the metadata by the directory, as `hasura metadata apply` does. */
  applyMetadata(): Promise<void>;
  /** What changes of the metadata did in the stand-in beside them: dropped event triggers, cron events, logs of actions. */
  effects(): readonly string[];
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
      audience: ['hasura', 'authenticated'],
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

/** The whole metadata that an engine starts with, or that are applied again. */
async function metadataFor({ metadata, spoil, project }: EngineOptions): Promise<object> {
  if (metadata !== undefined) return metadata ?? emptyMetadata();
  const read = await readMetadata(project);
  spoil?.(read);
  return toEngineMetadata(read);
}

/** What the CLI sends. It accepts inconsistent objects, as the image does at its start. */
const applyRequest = async (options: EngineOptions) => ({
  ...{ type: 'replace_metadata', version: 2, resourceVersion: null },
  args: { allow_inconsistent_metadata: true, metadata: await metadataFor(options) },
});

/** Sends a command to the metadata API of an engine. @throws Error with the engine's answer if it refuses */
async function callMetadataApi(
  engine: Pick<Engine, 'url' | 'adminSecret'>,
  command: { type: string; args: object; version?: number },
): Promise<void> {
  const response = await fetch(new URL('/v1/metadata', engine.url), {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': engine.adminSecret },
    body: printJson(command),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** The requests that every engine understands. */
export function metadataCalls(
  engine: Pick<Engine, 'url' | 'adminSecret'>,
  options: EngineOptions,
): Pick<Engine, 'reloadMetadata' | 'applyMetadata'> {
  return {
    reloadMetadata: () => callMetadataApi(engine, { type: 'reload_metadata', args: {} }),
    applyMetadata: async () => callMetadataApi(engine, await applyRequest(options)),
  };
}

/** The environment with the login of the engine at the gateway's database, unless a test unsets it. */
function withLogin(options: EngineOptions, url: string): EngineEnvironment {
  const isUnset = options.env?.HASURA_SOURCE_DATABASE_URL === null;
  return { ...environmentFor(options), ...(!isUnset && { HASURA_SOURCE_DATABASE_URL: url }) };
}

/**
 * Plays a graphql-engine v2, as hasura/README.md, "The rules of Hasura that we rely on", describes it. The stand-in is a real
 * server with a real gateway and database.
 */
async function startStandIn(options: EngineOptions): Promise<Engine> {
  const login = await loginFor(options);
  const connections = openConnections();
  const closeAll = async () => {
    await connections.close();
    await login.close();
  };
  try {
    const env = withLogin(options, login.url);
    const adminSecret = options.adminSecret ?? randomBytes(32).toString('hex');
    const settings = await openAuthentication(env, { ...options, adminSecret });
    const surroundings = { env, connections, version: options.version ?? ENGINE_VERSION };
    const store = storeOf(await loadState(emptyMetadata(), surroundings, null));
    await runOperation(store, await applyRequest(options));
    const server = await listen({
      ...{ ...store, settings },
      apis: (env.HASURA_GRAPHQL_ENABLED_APIS ?? 'metadata,graphql,pgdump,config').split(','),
      cors: (env.HASURA_GRAPHQL_CORS_DOMAIN ?? '*').split(',').map((domain) => domain.trim()),
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/graphql`;
    return {
      ...{ url, adminSecret, ...metadataCalls({ url, adminSecret }, options) },
      inconsistent: async () =>
        store.state().inconsistent.map(({ name, type, reason }) => `${name ?? type}: ${reason}`),
      effects: () => store.effects,
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function storeOf(first: EngineState): MetadataStore {
  let [state, version] = [first, 1];
  return {
    state: () => state,
    resourceVersion: () => version,
    take(taken) {
      state = taken;
      version += 1;
    },
    effects: [],
  };
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
