import type { RunnerOptions } from 'graphile-worker';
import { readDatabaseUrl } from '../config/database-url.ts';
import { loadPgDriver, pgOptions } from '../db/pg-driver.ts';
import { leaveReadOnlyServerOfJobs } from '../db/read-only-servers.ts';
import type { ServerSocket } from '../db/server-socket.ts';
import type { SettingsFrom } from '../db/session.ts';
import { ANSWER_MS } from '../db/silence.ts';

type Pool = NonNullable<RunnerOptions['pgPool']>;

type Client = { query: (...parameters: unknown[]) => unknown; connection: { stream: ServerSocket } };

/** Closes a connection whose answer is overdue: TCP alone would wait for a quarter of an hour. */
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
 * Opens the connections of the job library, and listens for their errors. The library does not listen while its own
 * connections shut down: if the database stops together with the gateway, that is an uncaught exception.
 */
export function openJobsPool(options: JobsPoolOptions): { pool: Pool; close(): Promise<void> } {
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
