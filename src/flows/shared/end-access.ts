import type { Transaction } from '../../db/client.ts';
import type { TokenPurpose } from '../../db/token-purposes.ts';
import { retireOneTimeTokens } from '../../one-time-tokens/one-time-tokens.ts';
import { revokeSessions } from '../../sessions/sessions.ts';

type Ending = {
  userId: string;
  /** The session that goes on; null if all end. */
  keptSession?: string | null;
  /** The purpose whose tokens are retired; null for those of every purpose. */
  retired?: TokenPurpose | null;
};

/**
 * Ends what could still open an account after its password changed: sessions and pending one-time tokens. A change of address
 * whose mail still waits sees that the password is newer, and makes no token. A reset does the same, unless the password is
 * not proven. If a session goes on, personal access tokens do too: the person has shown the former password. If all sessions end,
 * personal access tokens end with them.
 * @returns how many sessions were ended
 */
export async function endAccess(
  tx: Transaction,
  { userId, keptSession = null, retired = null }: Ending,
): Promise<number> {
  const which = keptSession === null ? 'all' : { except: keptSession };
  const ended = await revokeSessions(tx, { userId, which });
  await retireOneTimeTokens(tx, userId, retired);
  return ended.length;
}
