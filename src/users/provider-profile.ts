import { sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import type { Metadata } from '../db/tables/account-details.ts';
import { findAccountDetails, mergeMetadata, setAccountDetails } from './account-details.ts';
import { isShortEnough } from './metadata.ts';

/**
 * Shows what a provider says in the metadata of the user, as GoTrue does at each sign-in. It is for display: nothing decides by it. A
 * profile for which the metadata has no room is left out. The transaction has locked the account.
 */
export async function keepProfile(
  tx: Transaction,
  userId: string,
  profile: Readonly<Metadata>,
): Promise<void> {
  const { userMetadata } = await findAccountDetails(tx, userId);
  const merged = mergeMetadata(userMetadata, profile);
  const shown = isShortEnough(merged) && { userMetadata: merged };
  await setAccountDetails(tx, userId, { ...shown, lastSignInAt: sql`now()` });
}
