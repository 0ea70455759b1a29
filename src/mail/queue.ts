import { type SQL, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { addJob } from '../jobs/queue.ts';

/** The task that delivers a mail. */
export const MAIL_TASK = 'mail';

/**
 * A mail to be: what it is about and whom it concerns. It holds no token, no link and, but for an address that is not the
 * person's any more, no address: the worker looks those up, or makes them, when it delivers.
 */
export type MailJob =
  | { kind: 'verification'; userId: string }
  | { kind: 'password_reset'; userId: string }
  | { kind: 'email_change'; userId: string; newEmail: string }
  | { kind: 'team_invite'; inviteId: string }
  | { kind: 'password_changed'; userId: string }
  | { kind: 'email_changed'; userId: string; formerEmail: string }
  | { kind: 'new_sign_in'; userId: string; sessionId: string }
  /** Nobody's: makes a request about an unknown address cost what one about a known address costs. */
  | { kind: 'none' };

/** The same as a part of a statement (`with … as (…)`), which has to ask for its rows. */
export const insertMailJob = (job: MailJob, condition: SQL): SQL =>
  sql`select ${addJob(MAIL_TASK, job)} where ${condition}`;

/** Queues a mail in the transaction that causes it: both happen or neither. */
export async function enqueueMail(tx: Queryable, job: MailJob): Promise<void> {
  await tx.execute(sql`select ${addJob(MAIL_TASK, job)}`);
}
