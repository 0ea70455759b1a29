import { type SQL, sql } from 'drizzle-orm';

/** The schema of the job library, migrated with ours. */
export const JOBS_SCHEMA = 'portcullis_jobs';

/** How a job is queued. */
type JobOptions = {
  /** How often the worker tries the job, with growing delays. */
  maxAttempts?: number;
  /** A queue runs one of its jobs at a time. A job without a queue waits for no other job. */
  queue?: string | null;
};

/** Returns an SQL expression that queues a job. Unless told otherwise, the worker tries it up to 25 times, for about four days. */
export const addJob = (
  task: string,
  payload: object,
  { maxAttempts = 25, queue = null }: JobOptions = {},
): SQL =>
  sql`${sql.identifier(JOBS_SCHEMA)}.add_job(${task}, ${JSON.stringify(payload)}::json,
    queue_name => ${queue}::text, max_attempts => ${maxAttempts}::int)`;
