import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { JOBS_SCHEMA } from './queue.ts';

/** Longer than any delivery may take, what comes before and after it included. */
const ABANDONED_AFTER_SECONDS = 180;

/**
 * Gives back the jobs of workers that are gone without a word, as after `kill -9`: a worker that lives has none for that
 * long. The job library itself would wait four hours, and a link to reset a password lives one.
 */
export async function releaseAbandonedJobs(db: Database): Promise<void> {
  const schema = sql.identifier(JOBS_SCHEMA);
  await db.execute(sql`
    select ${schema}.force_unlock_workers(array_agg(distinct locked_by)) from ${schema}.jobs
    where locked_at < now() - make_interval(secs => ${ABANDONED_AFTER_SECONDS})
    having count(*) > 0`);
}
