import type { Transaction } from '../../db/client.ts';
import { deleteFactors } from '../../second-factors/factors.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { leaveTeams, prepareDeparture } from '../../teams/departure.ts';
import { dropWaysToSignIn, mayHaveBeenOpened } from '../../users/ways-to-sign-in.ts';

/** How much was taken from an account. */
export type Dropped = { teams: number; sessions: number; identities: number };

/**
 * Takes from an account, whose address was never verified, what a stranger may have set up who signed up with it: every session,
 * membership, phone number, account at a provider and second factor. Teams without another member are deleted; a team that would lose its only
 * owner keeps the person. An account that was never opened keeps what an operator gave it. The caller decides about the password. The
 * transaction has locked the account.
 */
export async function dropPlanted(tx: Transaction, userId: string): Promise<Dropped> {
  if (!(await mayHaveBeenOpened(tx, userId))) return { teams: 0, sessions: 0, identities: 0 };
  const departure = await prepareDeparture(tx, userId);
  await lockSessionsOf(tx, userId);
  await leaveTeams(tx, { userId, ...departure });
  const ended = await revokeSessions(tx, { userId, which: 'all' });
  const identities = await dropWaysToSignIn(tx, userId);
  await deleteFactors(tx, { userId, factorId: null });
  return { teams: departure.alone.length, sessions: ended.length, identities };
}
