import { sql } from 'drizzle-orm';
import { Logger, runMigrations } from 'graphile-worker';
import type { Database } from '../db/client.ts';
import { openPgPool, type PgPoolOptions } from '../db/driver/pg-pool.ts';
import { JOBS_SCHEMA } from './queue.ts';

/** The newest migration of the job library in package.json. A test keeps both in step. */
const NEWEST_JOBS_MIGRATION = 19;

/** Creates the job library's schema, or updates it. The caller holds the migration lock. */
export async function migrateJobs(options: Omit<PgPoolOptions, 'onError'>): Promise<void> {
  // The running statement fails with the same error.
  const { pool, close } = openPgPool({ ...options, onError: () => {} });
  try {
    await runMigrations({ pgPool: pool, schema: JOBS_SCHEMA, logger: new Logger(() => () => {}) });
  } finally {
    await close();
  }
}

/** Tells whether the job library's tables are as it needs them. A newer schema counts. */
export async function areJobsMigrated(db: Database): Promise<boolean> {
  const migrations = sql`${sql.identifier(JOBS_SCHEMA)}.migrations`;
  const [table] = await db.execute<{ found: boolean }>(
    sql`select to_regclass(${`${JOBS_SCHEMA}.migrations`}) is not null as found`,
  );
  if (table?.found !== true) return false;
  const [applied] = await db.execute<{ newest: number | null }>(
    sql`select max(id)::int as newest from ${migrations}`,
  );
  return (applied?.newest ?? 0) >= NEWEST_JOBS_MIGRATION;
}
