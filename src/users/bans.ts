import { and, asc, eq, isNotNull, lte, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../db/client.ts';
import { accountDetails } from '../db/tables/account-details.ts';
import { setAccountDetails } from './account-details.ts';

/** How many bans a round of housekeeping lifts. */
const BATCH = 500;

const isOver = lte(accountDetails.bannedUntil, sql`now()`);

/** Lists users whose ban has ended, those who waited longest first. A bounded number each time. */
export async function listEndedBans(db: Database): Promise<string[]> {
  const found = await db
    .select({ userId: accountDetails.userId })
    .from(accountDetails)
    .where(isOver)
    .orderBy(asc(accountDetails.bannedUntil))
    .limit(BATCH);
  return found.map(({ userId }) => userId);
}

/** Tells whether a user was banned for a time that has ended. The transaction has locked the account. */
export async function hasEndedBan(tx: Transaction, userId: string): Promise<boolean> {
  const found = await tx
    .select({ userId: accountDetails.userId })
    .from(accountDetails)
    .where(and(eq(accountDetails.userId, userId), isOver));
  return found.length > 0;
}

/**
 * Sets when the disabling of an account ends by itself; null for a disabling without an end. The transaction has locked the account,
 * which is disabled.
 */
export async function setBanEnd(tx: Transaction, userId: string, until: Date | null): Promise<void> {
  if (until !== null) return setAccountDetails(tx, userId, { bannedUntil: until });
  await tx
    .update(accountDetails)
    .set({ bannedUntil: null })
    .where(and(eq(accountDetails.userId, userId), isNotNull(accountDetails.bannedUntil)));
}
