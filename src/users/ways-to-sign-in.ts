import { and, eq, ne, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { identities } from '../db/tables/identities.ts';
import { phones } from '../db/tables/phones.ts';
import { sessions } from '../db/tables/sessions.ts';
import { passwords } from '../db/tables/users.ts';

/**
 * Tells whether a person may have been in an account: it has a password, a session, a phone number or an account at a provider. Nothing
 * was set up by its person otherwise.
 */
export async function mayHaveBeenOpened(tx: Transaction, userId: string): Promise<boolean> {
  const [found] = await tx.execute<{ opened: boolean }>(sql`
    select exists (select from ${passwords} where user_id = ${userId})
      or exists (select from ${sessions} where user_id = ${userId})
      or exists (select from ${identities} where user_id = ${userId})
      or exists (select from ${phones} where user_id = ${userId}) as opened`);
  return found?.opened ?? false;
}

/**
 * Takes the accounts at providers and the phone number from a user, so that they no longer sign in. The transaction has locked the
 * account.
 * @param keptIdentity the account at a provider that stays; null if none does
 * @returns how many there were
 */
export async function dropWaysToSignIn(
  tx: Transaction,
  userId: string,
  keptIdentity: string | null,
): Promise<number> {
  const others = keptIdentity === null ? undefined : ne(identities.id, keptIdentity);
  const linked = await tx
    .delete(identities)
    .where(and(eq(identities.userId, userId), others))
    .returning({ id: identities.id });
  const numbers = await tx.delete(phones).where(eq(phones.userId, userId)).returning({ id: phones.userId });
  return linked.length + numbers.length;
}
