import { sql } from 'drizzle-orm';
import { Logger, runMigrations } from 'graphile-worker';
import type { Database } from '../db/client.ts';
import { type JobsPoolOptions, openJobsPool } from './pool.ts';
import { JOBS_SCHEMA } from './queue.ts';

/** The newest migration of the job library's version in package.json. A test compares both. */
const NEWEST_JOBS_MIGRATION = 19;

/** Creates or migrates the job library's schema. The caller holds the migration lock. */
export async function migrateJobs(options: Omit<JobsPoolOptions, 'onError'>): Promise<void> {
  // The running statement fails with the same error.
  const { pool, close } = openJobsPool({ ...options, onError: () => {} });
  try {
    await runMigrations({ pgPool: pool, schema: JOBS_SCHEMA, logger: new Logger(() => () => {}) });
  } finally {
    await close();
  }
}

/** Whether the job library's schema is new enough. A newer schema is accepted. */
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
