import { type SQL, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { addJob } from '../jobs/queue.ts';
import type { MailJob } from './kinds.ts';

/** The task that delivers a mail. */
export const MAIL_TASK = 'mail';

/** A job without a mail: a request about an unknown address then costs what one about a known address costs. */
export type IdleJob = { kind: 'none' };

/** Queues a mail as a part of a statement (`with … as (…)`), which has to ask for its rows. */
export const insertMailJob = (job: MailJob, condition: SQL): SQL =>
  sql`select ${addJob(MAIL_TASK, job)} where ${condition}`;

/** Queues a mail in the transaction that causes it: both happen or neither. */
export async function enqueueMail(tx: Queryable, job: MailJob | IdleJob): Promise<void> {
  await tx.execute(sql`select ${addJob(MAIL_TASK, job)}`);
}
