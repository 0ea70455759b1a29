import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { JOBS_SCHEMA } from './queue.ts';

/** Longer than any delivery may take, with the work before and after it. */
const ABANDONED_AFTER_SECONDS = 180;

/** Releases the jobs of workers that have ended. */
export async function releaseJobsOf(db: Database, workers: readonly string[]): Promise<void> {
  const ids = sql.join(
    workers.map((id) => sql`${id}`),
    sql`, `,
  );
  if (workers.length > 0)
    await db.execute(sql`select ${sql.identifier(JOBS_SCHEMA)}.force_unlock_workers(array[${ids}]::text[])`);
}

/**
 * Releases the jobs of workers that died, for example by `kill -9`. A living worker holds no job for that long. The job library
 * itself would wait four hours, and a link to reset a password expires after one.
 */
export async function releaseAbandonedJobs(db: Database): Promise<void> {
  const schema = sql.identifier(JOBS_SCHEMA);
  await db.execute(sql`
    select ${schema}.force_unlock_workers(array_agg(distinct locked_by)) from ${schema}.jobs
    where locked_at < now() - make_interval(secs => ${ABANDONED_AFTER_SECONDS})
    having count(*) > 0`);
}
