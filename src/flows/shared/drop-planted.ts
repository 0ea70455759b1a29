import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { deleteFactors } from '../../second-factors/factors.ts';
import { deleteRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { leaveTeams, passOnTeams, prepareDeparture } from '../../teams/departure.ts';
import { forgetUserMetadata } from '../../users/account-details.ts';
import { dropWaysToSignIn, mayHaveBeenOpened } from '../../users/ways-to-sign-in.ts';
import type { Caller } from './caller.ts';

/** How much was taken from an account. */
export type Dropped = { teams: number; sessions: number; identities: number };

const NOTHING: Dropped = { teams: 0, sessions: 0, identities: 0 };

/**
 * Takes from an account, whose address was never verified, what a stranger may have set up who signed up with it: every session,
 * membership and way to sign in, and what the person says of themselves. Teams without another member are deleted; a team that would
 * lose its only owner gets another one. An account that was never opened keeps what an operator gave it. The caller decides about the
 * password. The transaction has locked the account.
 * @param keptIdentity the account at a provider that stays; null if none does
 */
export async function dropPlanted(
  tx: Transaction,
  by: Caller,
  userId: string,
  keptIdentity: string | null = null,
): Promise<Dropped> {
  if (!(await mayHaveBeenOpened(tx, userId))) return NOTHING;
  const dropped = await dropPlantedAccess(tx, userId);
  await forgetUserMetadata(tx, userId);
  return { ...dropped, identities: await dropPlantedWays(tx, by, userId, keptIdentity) };
}

/** Takes every membership and session from an account, as dropPlanted does. The transaction has locked the account. */
export async function dropPlantedAccess(
  tx: Transaction,
  userId: string,
): Promise<Pick<Dropped, 'teams' | 'sessions'>> {
  const departure = await prepareDeparture(tx, userId);
  await lockSessionsOf(tx, userId);
  await passOnTeams(tx, { userId, orphaned: departure.orphaned });
  await leaveTeams(tx, { userId, alone: departure.alone, orphaned: [] });
  const ended = await revokeSessions(tx, { userId, which: 'all' });
  return { teams: departure.alone.length, sessions: ended.length };
}

/**
 * Takes from an account, whose address was never verified, the ways to sign in that a stranger may have added: phone number, accounts at
 * providers, and authenticator apps, which would keep the owner out. The transaction has locked the account.
 * @returns how many phone numbers and accounts at providers there were
 */
export async function dropPlantedWays(
  tx: Transaction,
  by: Caller,
  userId: string,
  keptIdentity: string | null = null,
): Promise<number> {
  await dropPlantedFactors(tx, by, userId);
  return dropWaysToSignIn(tx, userId, keptIdentity);
}

/** Takes the authenticator apps from an account, as dropPlantedWays does. */
export async function dropPlantedFactors(tx: Transaction, by: Caller, userId: string): Promise<void> {
  const factors = await deleteFactors(tx, { userId, factorId: null });
  if (factors.length > 0) await deleteRecoveryCodes(tx, userId);
  for (const { id: factorId, verified } of factors) {
    const details = { factorId, verified, by: 'mailbox' };
    await recordSecurityEvent(tx, { action: 'second_factor_removed', userId, device: by.device, details });
  }
}
