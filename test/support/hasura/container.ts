import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { GenericContainer, type StartedTestContainer, TestContainers, Wait } from 'testcontainers';
import { stringify } from 'yaml';
import { describeInconsistency, readInconsistencies } from '../../../src/commands/hasura/engine.ts';
import { createEmptyDatabase } from '../database.ts';
import { type Engine, type EngineOptions, environmentFor, metadataCalls, onlySet } from './engine.ts';
import { composedEngine } from './engine-image.ts';
import { quote } from './filters.ts';
import { loginFor } from './login.ts';
import { METADATA_FOLDER, type Metadata, readMetadata } from './metadata.ts';

const PORT = 8080;
const START_TIMEOUT_MS = 180_000;
/** No server uses port 1, on this machine and in the container. */
const LOCAL_ADDRESS = /(?:127\.0\.0\.1|localhost):(?!1\b)(\d+)/g;
type Environment = Record<string, string>;
type Closing = () => Promise<unknown>;

/** Replaces addresses of this machine by those of a tunnel that testcontainers opens for the container. */
async function reachableFromContainer(env: Environment): Promise<Environment> {
  const text = JSON.stringify(env);
  const ports = [...text.matchAll(LOCAL_ADDRESS)].map(([, port]) => Number(port));
  await TestContainers.exposeHostPorts(...new Set(ports));
  return JSON.parse(text.replaceAll(LOCAL_ADDRESS, 'host.testcontainers.internal:$1')) as Environment;
}

/** Writes the shipped metadata with the changes of a test, as the container mounts them. */
async function writeMetadata(project: string, folder: string, metadata: Metadata): Promise<void> {
  await cp(project, folder, { recursive: true });
  const write = (path: string, content: unknown) => writeFile(join(folder, path), stringify(content));
  await write('remote_schemas.yaml', metadata.remoteSchemas);
  await write('actions.yaml', metadata.actionsFile);
  await writeFile(join(folder, 'actions.graphql'), metadata.actionsSdl);
  for (const tracked of metadata.tables) {
    const { schema, name } = tracked.table;
    await write(join('databases/portcullis/tables', `${schema}_${name}.yaml`), tracked);
  }
}

/** Creates a database for the engine's catalogue, owned by the engine's role. */
async function createCatalogue(role: string, closings: Closing[]): Promise<string> {
  const database = await createEmptyDatabase();
  closings.push(() => database.drop());
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const name = new URL(database.url).pathname.slice(1);
  try {
    await sql.unsafe(`alter database ${quote(name)} owner to ${quote(role)}`);
  } finally {
    await sql.end();
  }
  return database.url;
}

/** The same server and database, for another login. */
function withLogin(databaseUrl: string, loginUrl: string): string {
  const url = new URL(databaseUrl);
  ({ username: url.username, password: url.password } = new URL(loginUrl));
  return url.href;
}

async function run(image: string, env: Environment, folder: string): Promise<StartedTestContainer> {
  const log: string[] = [];
  const container = new GenericContainer(image)
    .withEnvironment(env)
    .withCopyDirectoriesToContainer([{ source: folder, target: '/hasura-metadata' }])
    .withExposedPorts(PORT)
    .withLogConsumer((lines) => lines.on('data', (line: Buffer) => void log.push(line.toString())))
    .withStartupTimeout(START_TIMEOUT_MS)
    .withWaitStrategy(Wait.forHttp('/healthz', PORT, { abortOnContainerExit: true }).forStatusCode(200));
  return container.start().catch((cause: unknown) => {
    const words = log.slice(-20).join('');
    throw new Error(`graphql-engine did not start: ${(cause as Error).message}\n${words}`, { cause });
  });
}

/** The compose file's environment with the engine's own values, and with the metadata API that the tests use. */
async function environmentOf(options: EngineOptions, own: Environment): Promise<[string, Environment]> {
  const { image, environment } = await composedEngine();
  const given = await reachableFromContainer({ ...environmentFor(options), ...own });
  const composed = { ...environment, HASURA_GRAPHQL_ENABLED_APIS: 'graphql,metadata' };
  return [image, onlySet({ ...composed, ...options.env, ...given })];
}

async function open(options: EngineOptions, adminSecret: string, closings: Closing[]): Promise<string> {
  const login = await loginFor(options);
  closings.push(() => login.close());
  const catalogueUrl = await createCatalogue(login.role, closings);
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-metadata-'));
  closings.push(() => rm(folder, { recursive: true }));
  const { project = METADATA_FOLDER } = options;
  const metadata = await readMetadata(project);
  options.spoil?.(metadata);
  await writeMetadata(project, folder, metadata);
  const [image, env] = await environmentOf(options, {
    HASURA_SOURCE_DATABASE_URL: login.url,
    HASURA_GRAPHQL_METADATA_DATABASE_URL: withLogin(catalogueUrl, login.url),
    HASURA_GRAPHQL_ADMIN_SECRET: adminSecret,
  });
  const container = await run(image, env, folder);
  closings.push(() => container.stop());
  return `http://${container.getHost()}:${container.getMappedPort(PORT)}`;
}

/** Closes in reverse order, since later resources depend on earlier ones. @throws the first error */
async function closeAll(closings: readonly Closing[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closings.toReversed()) await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/**
 * Starts a real graphql-engine in Docker with the image and settings of the compose file and the shipped metadata. Gateway and
 * database stay those of the tests.
 * @throws Error with the last log lines if the engine exits
 */
export async function startContainer(options: EngineOptions): Promise<Engine> {
  const adminSecret = options.adminSecret ?? randomBytes(32).toString('hex');
  const closings: Closing[] = [];
  try {
    const endpoint = await open(options, adminSecret, closings);
    const access = { endpoint, adminSecret };
    return {
      url: `${endpoint}/v1/graphql`,
      adminSecret,
      inconsistent: async () => (await readInconsistencies(access)).map(describeInconsistency),
      ...metadataCalls({ url: `${endpoint}/v1/graphql`, adminSecret }, options),
      effects: () => [], // a real engine keeps no list of them
      close: () => closeAll(closings),
    };
  } catch (error) {
    await closeAll(closings).catch(() => {}); // the error of the start matters more
    throw error;
  }
}
