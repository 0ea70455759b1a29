import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { addJob } from '../jobs/queue.ts';
import type { SmsChannel } from './message.ts';

/** The task that delivers a text message. */
export const SMS_TASK = 'sms';

/** The job library waits for e^n seconds after attempt n: together a minute and a half. A later code would surprise its reader. */
const MAX_ATTEMPTS = 5;

/**
 * A queued message. It holds no number and no code: the worker finds the number, and makes the code when it delivers. `none`: a job
 * without a message. With it, a request for an unknown number costs as much as one for a known number.
 */
export type SmsJob =
  | Readonly<{ kind: 'code'; codeId: string; channel: SmsChannel }>
  | Readonly<{ kind: 'none' }>;

/** Queues a text message in the transaction that causes it. A rollback removes it. */
export async function enqueueSms(tx: Queryable, job: SmsJob): Promise<void> {
  await tx.execute(sql`select ${addJob(SMS_TASK, job, { maxAttempts: MAX_ATTEMPTS })}`);
}
