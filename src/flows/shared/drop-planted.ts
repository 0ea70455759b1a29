import type { Transaction } from '../../db/client.ts';
import { deleteFactors } from '../../second-factors/factors.ts';
import { deleteRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { leaveTeams, passOnTeams, prepareDeparture } from '../../teams/departure.ts';
import { forgetUserMetadata } from '../../users/account-details.ts';
import { dropWaysToSignIn, mayHaveBeenOpened } from '../../users/ways-to-sign-in.ts';

/** How much was taken from an account. */
export type Dropped = { teams: number; sessions: number; identities: number };

/**
 * Takes from an account, whose address was never verified, what a stranger may have set up who signed up with it: every session,
 * membership, phone number, account at a provider and second factor, and what the person says of themselves. Teams without another
 * member are deleted; a team that would lose its only owner gets another one. An account that was never opened keeps what an operator gave it. The caller decides about the password. The
 * transaction has locked the account.
 * @param keptIdentity the account at a provider that stays; null if none does
 */
export async function dropPlanted(
  tx: Transaction,
  userId: string,
  keptIdentity: string | null = null,
): Promise<Dropped> {
  if (!(await mayHaveBeenOpened(tx, userId))) return { teams: 0, sessions: 0, identities: 0 };
  const departure = await prepareDeparture(tx, userId);
  await passOnTeams(tx, { userId, orphaned: departure.orphaned });
  await lockSessionsOf(tx, userId);
  await leaveTeams(tx, { userId, alone: departure.alone, orphaned: [] });
  const ended = await revokeSessions(tx, { userId, which: 'all' });
  await deleteFactors(tx, { userId, factorId: null });
  await deleteRecoveryCodes(tx, userId);
  await forgetUserMetadata(tx, userId);
  const identities = await dropWaysToSignIn(tx, userId, keptIdentity);
  return { teams: departure.alone.length, sessions: ended.length, identities };
}
