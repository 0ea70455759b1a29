import { type SQL, sql } from 'drizzle-orm';

/** The schema of the job library, migrated with ours. */
export const JOBS_SCHEMA = 'portcullis_jobs';

/** Returns an SQL expression that queues a job. The worker tries it up to 25 times, for about four days. */
export const addJob = (task: string, payload: object): SQL =>
  sql`${sql.identifier(JOBS_SCHEMA)}.add_job(${task}, ${JSON.stringify(payload)}::json, max_attempts => 25)`;
