import type { RunnerOptions } from 'graphile-worker';
import { readDatabaseUrl } from '../../config/database-url.ts';
import type { SettingsFrom } from '../session.ts';
import { loadPgDriver, pgOptions } from './pg.ts';
import { endWhenSilent } from './pg-silence.ts';
import { leaveReadOnlyServerOfJobs } from './read-only-servers.ts';
import { ANSWER_MS } from './silence.ts';

type Pool = NonNullable<RunnerOptions['pgPool']>;

export type PgPoolOptions = {
  url: string;
  /** The environment variable that holds the URL, for messages. */
  variable?: string;
  size: number;
  /** Milliseconds after which Postgres cancels a statement. Null means never. */
  statementTimeoutMs: number | null;
  applicationName: string;
  settingsFrom?: SettingsFrom;
  onError: (error: Error) => void;
};

/**
 * Opens connections for the job library. A pool of its own would end without a listener for errors: if the database stops at
 * the same time as the gateway, that is an uncaught exception.
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
