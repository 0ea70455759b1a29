import { randomInt } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { WebhookConfig } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Queryable } from '../db/client.ts';
import { addJob } from '../jobs/queue.ts';
import type { WebhookEvent, WebhookJob } from './events.ts';

/** How many webhooks of one endpoint are delivered at once, by all replicas together. */
export const LANES = 4;

/** The job library waits for e^n seconds after attempt n, at most for e^10: together 22 hours. */
const MAX_ATTEMPTS = 13;

/** The beginning of the names of all tasks that deliver webhooks. */
export const TASK_PREFIX = 'webhook ';

/** The task that delivers the webhooks of an endpoint. Its name does not disclose the URL, which may hold a key. */
export const taskOf = (url: string): string => `${TASK_PREFIX}${sha256(url).toString('hex').slice(0, 16)}`;

/** Returns SQL expressions that queue a webhook, one for each endpoint. None if the event causes no webhooks. */
function jobsOf({ urls, events }: WebhookConfig, event: WebhookEvent): SQL[] {
  if (!events.includes(event.type)) return [];
  const job: WebhookJob = { ...event, id: `msg_${uuidv7()}`, timestamp: new Date().toISOString() };
  return urls.map((url) => {
    const queue = `${taskOf(url)} ${randomInt(LANES)}`;
    return addJob(taskOf(url), job, { maxAttempts: MAX_ATTEMPTS, queue });
  });
}

type Configured = { config: { webhooks: WebhookConfig } };

/** Queues webhooks in the transaction of the change that they tell of. A rollback removes them. */
export async function enqueueWebhooks(
  tx: Queryable,
  { config }: Configured,
  event: WebhookEvent,
): Promise<void> {
  const jobs = jobsOf(config.webhooks, event);
  if (jobs.length > 0) await tx.execute(sql`select ${sql.join(jobs, sql`, `)}`);
}

/**
 * Returns SQL that queues webhooks, for a `with … as (…)`. The statement must read its rows.
 * @param from yields one row if the event happened
 */
export function insertWebhookJobs({ config }: Configured, event: WebhookEvent, from: SQL): SQL {
  const jobs = jobsOf(config.webhooks, event).map((job) => sql`select ${job} from ${from}`);
  return jobs.length > 0 ? sql.join(jobs, sql` union all `) : sql`select null where false`;
}
