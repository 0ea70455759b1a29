import type { Transaction } from '../../db/client.ts';
import type { TokenPurpose } from '../../db/token-purposes.ts';
import { retireFlows } from '../../flow-states/flow-states.ts';
import { voidCodes } from '../../one-time-codes/kept-passwords.ts';
import { retireCodes } from '../../one-time-codes/one-time-codes.ts';
import { retireOneTimeTokens } from '../../one-time-tokens/one-time-tokens.ts';
import { revokeSessions } from '../../sessions/sessions.ts';

type Ending = {
  userId: string;
  /** The session that goes on; null if all end. */
  keptSession?: string | null;
  /** The purpose whose tokens are retired; null for those of every purpose. */
  retired?: TokenPurpose | null;
  /** Whether mailed codes stay. They do for a disabled account, which gets an answer of its own. */
  keepsCodes?: boolean;
};

/**
 * Ends what could still open an account after its password changed: sessions, pending one-time tokens and codes. A change of address
 * whose mail still waits sees that the password is newer, and makes no token. A reset does the same, unless the password is
 * not proven. If a session goes on, personal access tokens do too: the person has shown the former password. If all sessions end,
 * personal access tokens end with them.
 * @returns how many sessions were ended
 */
export async function endAccess(
  tx: Transaction,
  { userId, keptSession = null, retired = null, keepsCodes = false }: Ending,
): Promise<number> {
  const which = keptSession === null ? 'all' : { except: keptSession };
  const ended = await revokeSessions(tx, { userId, which });
  await retireOneTimeTokens(tx, userId, retired);
  if (!keepsCodes) await voidCodes(tx, userId);
  await retireFlows(tx, userId);
  return ended.length;
}

/** Retires everything pending that was mailed to a person: tokens, codes and links. The transaction has locked the account. */
export async function retireMailed(tx: Transaction, userId: string): Promise<void> {
  await retireOneTimeTokens(tx, userId);
  await retireCodes(tx, userId);
  await retireFlows(tx, userId);
}
