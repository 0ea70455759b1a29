import type { Transaction } from '../../db/client.ts';
import type { TokenPurpose } from '../../db/tables/one-time-tokens.ts';
import { findOneTimeToken, redeemOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { lockUser, type User } from '../../users/users.ts';

/** What a mailed token proves: whoever holds it reads the mails of this address. */
export type MailedProof = { user: User; email: string };

/**
 * Uses a mailed token up. Null where it is no good: used, replaced, expired, of another purpose, or its account is
 * disabled. The account is locked first, as whatever else changes it does, so that no two wait for each other.
 */
export async function redeemMailedToken(
  tx: Transaction,
  input: { purpose: TokenPurpose; token: string },
): Promise<MailedProof | null> {
  const found = await findOneTimeToken(tx, input);
  if (found === null) return null;
  const user = await lockUser(tx, found.userId);
  const redeemed = await redeemOneTimeToken(tx, input);
  if (user === null || user.disabledAt !== null || redeemed === null) return null;
  return { user, email: redeemed.email };
}
