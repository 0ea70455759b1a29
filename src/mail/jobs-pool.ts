import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { RunnerOptions } from 'graphile-worker';
import { leaveReadOnlyServerOfJobs } from '../db/read-only-servers.ts';
import { ANSWER_MS } from '../db/silence.ts';

type Pool = NonNullable<RunnerOptions['pgPool']>;
type Driver = { Pool: new (options: Record<string, unknown>) => Pool };

/** The job library's own driver, wherever its installation has it. */
function loadDriver(): Driver {
  const { resolve } = createRequire(import.meta.url);
  return createRequire(resolve('graphile-worker'))('pg') as Driver;
}

/**
 * The database's URL as that driver reads it. Its `sslmode` would mean something else than that of the driver behind
 * everything else: `require` would also check the certificate.
 */
export function jobsDatabaseUrl(url: string): string {
  const translated = new URL(url);
  const parameters = translated.searchParams;
  const system = parameters.get('sslrootcert') === 'system';
  const asked = parameters.get('sslmode') ?? parameters.get('ssl');
  const mode = system || asked === 'true' ? 'verify-full' : asked;
  parameters.delete('ssl');
  if (system) parameters.delete('sslrootcert');
  if (mode !== null) {
    parameters.set('sslmode', mode === 'false' ? 'disable' : mode === 'allow' ? 'prefer' : mode);
    parameters.set('uselibpqcompat', 'true');
  }
  return translated.href;
}

type Client = { query: (...parameters: unknown[]) => unknown; connection: { stream: Socket } };

/** Ends a connection that owes an answer for too long: TCP alone would wait for a quarter of an hour. */
function endWhenSilent(pooled: object, longestMs: number): void {
  const client = pooled as Client;
  const query = client.query.bind(client);
  client.query = (...parameters) => {
    const overdue = setTimeout(() => client.connection.stream.destroy(), longestMs).unref();
    const answered = () => clearTimeout(overdue);
    const callback = parameters.at(-1);
    if (typeof callback === 'function') {
      const called = (...results: unknown[]) => {
        answered();
        callback(...results);
      };
      return query(...parameters.slice(0, -1), called);
    }
    const result = query(...parameters);
    Promise.resolve(result).then(answered, answered);
    return result;
  };
}

export type JobsPoolOptions = {
  url: string;
  size: number;
  /** Milliseconds after which Postgres cancels a statement; null: never. */
  statementTimeoutMs: number | null;
  applicationName: string;
  onError: (error: Error) => void;
};

/**
 * Connections for the job library. One that it made itself would go down with nobody listening: a database that stops at
 * the same time as the gateway would be an uncaught exception.
 */
export function openJobsPool(options: JobsPoolOptions): { pool: Pool; close(): Promise<void> } {
  const { url, size, statementTimeoutMs, applicationName, onError } = options;
  const { Pool } = loadDriver();
  const pool = new Pool({
    connectionString: jobsDatabaseUrl(url),
    max: size,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: applicationName,
    ...(statementTimeoutMs !== null && {
      statement_timeout: statementTimeoutMs,
      lock_timeout: Math.ceil(statementTimeoutMs / 2),
      idle_in_transaction_session_timeout: statementTimeoutMs * 2,
    }),
  });
  pool.on('error', onError);
  pool.on('connect', (client) => {
    client.on('error', onError);
    leaveReadOnlyServerOfJobs(client);
    if (statementTimeoutMs !== null) endWhenSilent(client, statementTimeoutMs + ANSWER_MS);
  });
  return { pool, close: () => pool.end() };
}
