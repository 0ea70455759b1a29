import type { Transaction } from '../../db/client.ts';
import { findOneTimeToken, redeemOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import type { TokenPurpose } from '../../one-time-tokens/purposes.ts';
import { lockUser, type User } from '../../users/users.ts';

/** What a mailed token proves: its holder reads the mails to this address. */
export type MailedProof = { user: User; email: string };

/**
 * Uses a mailed token up. Returns null if it was used, replaced or has expired, if it has another purpose, or if its account
 * is disabled. It locks the account first, as every change of an account does, so that two changes never wait for each other.
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
