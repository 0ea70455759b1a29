import { sql } from 'drizzle-orm';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { usedIdTokens } from '../db/tables/used-id-tokens.ts';

/**
 * What identifies an ID token: the part that is signed. The signature has many spellings, and ES256 has two signatures for each of its
 * own, so that a changed signature must not make a new token.
 */
const signedPart = (idToken: string): string => idToken.slice(0, Math.max(idToken.lastIndexOf('.'), 0));

/** Uses a verified ID token up. Of many attempts at once, one gets true. */
export async function useIdToken(
  tx: Transaction,
  { idToken, expiresAt }: { idToken: string; expiresAt: Date },
): Promise<boolean> {
  const used = await tx
    .insert(usedIdTokens)
    .values({ tokenHash: sha256(signedPart(idToken)), expiresAt })
    .onConflictDoNothing()
    .returning({ tokenHash: usedIdTokens.tokenHash });
  return used.length > 0;
}

/** Seconds for which clocks may differ: an expired token is accepted that long. */
const KEEP_SECONDS = 300;

/** Forgets ID tokens that have expired, a bounded number each time. */
export const pruneUsedIdTokens = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: usedIdTokens,
    key: usedIdTokens.tokenHash,
    where: sql`${usedIdTokens.expiresAt} < now() - make_interval(secs => ${KEEP_SECONDS})`,
  });
