import { sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../db/client.ts';
import { securityEvents } from '../db/tables/security-events.ts';
import { passwords, users } from '../db/tables/users.ts';

/** The recipient of a mail, read when it is delivered. */
export type Recipient = {
  email: string | null;
  verified: boolean;
  disabled: boolean;
  /** Whether the password was set after the given moment. */
  passwordChanged: boolean;
  /** Whether there is a password that the owner of the mailbox has not proven. */
  unproven: boolean;
  /** Whether a flow dropped a pending change of the address since the given moment. Each of them records a security event. */
  tokensEnded: boolean;
};

/** Finds the recipient; null if their account was deleted. */
export async function findRecipient(db: Queryable, userId: string, since: Date): Promise<Recipient | null> {
  const [found] = await db.execute<Recipient>(sql`
    select u.email, u.email_verified_at is not null as verified, u.disabled_at is not null as disabled,
      coalesce(p.updated_at > ${since.toISOString()}::timestamptz, false) as "passwordChanged",
      p.user_id is not null and p.proven_at is null as unproven,
      exists (select from ${securityEvents} e where e.user_id = u.id and e.created_at >= ${since.toISOString()}::timestamptz
        and e.action in ('email_changed', 'email_verified', 'password_suspended', 'signup_disowned',
          'account_disabled')) as "tokensEnded"
    from ${users} u left join ${passwords} p on p.user_id = u.id
    where u.id = ${userId}`);
  return found ?? null;
}

/** Locks the account and finds the recipient, so that the account does not change before the transaction ends. */
export async function lockRecipient(tx: Transaction, userId: string, since: Date): Promise<Recipient | null> {
  // A separate statement: one that waits for the lock would have read the password before. This lock lets others insert rows
  // that refer to the account.
  await tx.execute(sql`select from ${users} where id = ${userId} for no key update`);
  return findRecipient(tx, userId, since);
}
