import { execFile } from 'node:child_process';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import postgres from 'postgres';
import { onTestFinished } from 'vitest';
import { loadPgDriver } from '../../src/db/driver/pg.ts';

// The drivers without the work-arounds of src/db/driver.

type Options = postgres.Options<Record<string, never>>;

/** Opens a client of postgres.js until the end of the test. */
export function openBare(url: string, options: Options = {}): postgres.Sql {
  const client = postgres(url, { max: 1, fetch_types: false, onnotice: () => {}, ...options });
  onTestFinished(() => client.end({ timeout: 0 }));
  return client;
}

/** Opens a client with access to the sockets of its connections. */
export function openWithSockets(
  url: string,
  options: Options = {},
): { client: postgres.Sql; sockets: Socket[] } {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const socket = () => {
    const opened = connect(Number(port), hostname);
    sockets.push(opened);
    return opened;
  };
  return { client: openBare(url, { socket, ...options } as Options), sockets };
}

/** The parts of pg's pool and clients that are used here. */
type BareQueryable = { query(text: string): Promise<{ rows: Record<string, unknown>[] }> };
type BareClient = BareQueryable & { release(): void };
export type BarePool = BareQueryable & {
  connect(): Promise<BareClient>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): void;
};

/** Opens a pool of pg until the end of the test. Its query releases the connection as the job library does. */
export function openBarePool(url: string, options: object = {}) {
  const { Pool } = loadPgDriver<BarePool>();
  const pool = new Pool({ connectionString: url, max: 1, ...options });
  pool.on('error', () => {});
  onTestFinished(() => void pool.end());
  return async (text: string) => {
    const client = await pool.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      client.release();
    }
  };
}

/** Starts a server other than Postgres, until the end of the test. */
export async function startServer(
  serve: (client: Socket) => void,
): Promise<{ port: number; server: Server }> {
  const server = createServer((client) => {
    client.on('error', () => {});
    serve(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

/** The code or else the message of an error; null without an error. */
export const failureOf = (work: PromiseLike<unknown>): Promise<string | null> =>
  Promise.resolve(work).then(
    () => null,
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

/** The result of work, or `pending`. */
export async function stateOf<T>(work: PromiseLike<T>): Promise<T | 'pending'> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  return Promise.race([work, nextTurn('pending' as const)]);
}

/** Runs a script in its own process, with postgres.js as `postgres`. */
export const runScript = (script: string): Promise<{ exitCode: number; errors: string }> =>
  new Promise((resolve) => {
    const text = `import postgres from 'postgres';\n${script}`;
    execFile(process.execPath, ['--input-type=module', '-e', text], (error, _output, errors) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), errors }),
    );
  });
