import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { JOBS_SCHEMA } from '../jobs/queue.ts';
import type { Log } from '../log.ts';
import { TASK_PREFIX } from './queue.ts';

/** How many webhooks of one endpoint may wait. */
const MAX_WAITING = 10_000;

/** The age at which a webhook is given up, for example one of an endpoint that was taken out of WEBHOOK_URLS. */
const MAX_AGE = '2 days';

/** How many webhooks one call gives up at most. */
const BATCH = 50_000;

/**
 * Gives up webhooks that are too old, whose last attempt was killed, or that are too many for one endpoint: the newest stay. A dead
 * endpoint then cannot fill the database. Webhooks that are being delivered stay too.
 * @param max how many webhooks of one endpoint may wait
 */
export async function pruneWebhooks(
  { db, log }: { db: Database; log: Log },
  max = MAX_WAITING,
): Promise<void> {
  const schema = sql.identifier(JOBS_SCHEMA);
  const [given] = await db.execute<{ count: number }>(sql`
    with waiting as (
      select id, created_at, attempts >= max_attempts as spent,
        row_number() over (partition by task_identifier order by id desc) as place
      from ${schema}.jobs where task_identifier like ${`${TASK_PREFIX}%`} and locked_at is null
    ), old as (
      select id from waiting
      where place > ${max} or spent or created_at < now() - ${MAX_AGE}::interval
      order by id limit ${BATCH}
    )
    select count(*)::int as count from ${schema}.complete_jobs((select array_agg(id) from old))`);
  const count = given?.count ?? 0;
  if (count > 0)
    log.warn({ webhooks: count }, 'Webhooks were given up: too old, or too many for one endpoint.');
}
