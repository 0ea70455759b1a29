import { type SQL, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { addJob } from '../jobs/queue.ts';
import type { MailJob } from './kinds.ts';

/** The task that delivers a mail. */
export const MAIL_TASK = 'mail';

/** A job without a mail. With it, a request for an unknown address costs as much as one for a known address. */
export type IdleJob = { kind: 'none' };

/** Returns SQL that queues a mail, for a `with … as (…)`. The statement must read its rows. */
export const insertMailJob = (job: MailJob, condition: SQL): SQL =>
  sql`select ${addJob(MAIL_TASK, job)} where ${condition}`;

/** Queues a mail in the transaction that causes it. A rollback removes it. */
export async function enqueueMail(tx: Queryable, job: MailJob | IdleJob): Promise<void> {
  await tx.execute(sql`select ${addJob(MAIL_TASK, job)}`);
}
