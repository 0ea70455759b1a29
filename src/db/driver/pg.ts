import { createRequire } from 'node:module';
import type { DatabaseTarget } from '../../config/database-url.ts';
import { readTlsFiles } from '../../config/tls-files.ts';
import type { SessionOptions } from '../session.ts';
import { passwordOption } from './environment.ts';
import { connectOrClose } from './pg-failed-login.ts';
import { withStartupParameters } from './pg-startup.ts';
import { connectTimeoutSeconds } from './postgres.ts';
import { ServerSocket } from './server-socket.ts';

type Row = Record<string, unknown>;
type Query = string | { name?: string; text: string; values?: unknown[] };

/** The part of pg's client that is used here. */
export type PgClient = {
  /** The id of the process that serves the connection, as the server or a pooler says it. */
  processID: number;
  connection: { stream: ServerSocket };
  connect(): Promise<unknown>;
  query(query: Query): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
};

export type ClientClass = new (options: Record<string, unknown>) => PgClient;
type Driver<Pool> = { Client: ClientClass; Pool: new (options: Record<string, unknown>) => Pool };

/** Loads the job library's own driver from where that is installed. */
export function loadPgDriver<Pool>(): Driver<Pool> {
  const { resolve } = createRequire(import.meta.url);
  return createRequire(resolve('graphile-worker'))('pg') as Driver<Pool>;
}

/**
 * Returns the options of pg for a client or a pool: no URL, but every option that pg would otherwise read from PG* variables or
 * a password file.
 * @throws DatabaseUrlError if a file that the URL names cannot be read
 */
export function pgOptions(target: DatabaseTarget, session: SessionOptions): Record<string, unknown> {
  const files = readTlsFiles(target);
  const { Client } = loadPgDriver();
  return {
    ...{ host: target.host, port: target.port, user: target.user, database: target.database },
    password: passwordOption(target),
    // The socket does TLS.
    ...{ ssl: false, sslnegotiation: 'postgres', client_encoding: 'UTF8', options: '' },
    stream: () => new ServerSocket(target, files),
    connectionTimeoutMillis: connectTimeoutSeconds(target) * 1000,
    keepAlive: true,
    Client: withStartupParameters(Client, target, session),
  };
}

/** Opens a connection of pg. It shows what postgres.js hides: which process answers, and whether a statement is known. */
export async function connectPg(target: DatabaseTarget, session: SessionOptions): Promise<PgClient> {
  const { Client, ...options } = pgOptions(target, session);
  const client = new (Client as ClientClass)(options);
  client.on('error', () => {}); // the query under way fails with it
  await connectOrClose(client);
  return client;
}
