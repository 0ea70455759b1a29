import type { RunnerOptions } from 'graphile-worker';
import { readDatabaseUrl } from '../../config/database-url.ts';
import type { SettingsFrom } from '../session.ts';
import { loadPgDriver, pgOptions } from './pg.ts';
import { leaveReadOnlyServerOfJobs } from './read-only-servers.ts';
import type { ServerSocket } from './server-socket.ts';
import { ANSWER_MS } from './silence.ts';

type Pool = NonNullable<RunnerOptions['pgPool']>;

type Client = { query: (...parameters: unknown[]) => unknown; connection: { stream: ServerSocket } };

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

export type PgPoolOptions = {
  url: string;
  /** The environment variable that holds the URL, for messages. */
  variable?: string;
  size: number;
  /** Milliseconds after which Postgres cancels a statement; null: never. */
  statementTimeoutMs: number | null;
  applicationName: string;
  settingsFrom?: SettingsFrom;
  onError: (error: Error) => void;
};

/**
 * Connections for the job library. One that it made itself would go down with nobody listening: a database that stops at
 * the same time as the gateway would be an uncaught exception.
 */
export function openPgPool(options: PgPoolOptions): { pool: Pool; close(): Promise<void> } {
  const {
    url,
    variable,
    size,
    statementTimeoutMs,
    applicationName,
    settingsFrom = 'gateway',
    onError,
  } = options;
  const target = readDatabaseUrl(url, variable);
  const { Pool } = loadPgDriver<Pool>();
  const pool = new Pool({
    ...pgOptions(target, { applicationName, statementTimeoutMs, settingsFrom }),
    max: size,
  });
  pool.on('error', onError);
  pool.on('connect', (client) => {
    client.on('error', onError);
    leaveReadOnlyServerOfJobs(client);
    if (statementTimeoutMs !== null) endWhenSilent(client, statementTimeoutMs + ANSWER_MS);
  });
  return { pool, close: () => pool.end() };
}
