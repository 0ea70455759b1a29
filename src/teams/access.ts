import { and, eq } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { memberships, teams } from '../db/tables/teams.ts';
import { AuthError } from '../errors.ts';
import { lockAccount } from './locks.ts';
import type { TeamMembership } from './membership.ts';
import type { MembershipRole } from './roles.ts';

/** Returns the error for something that does not exist, or that a stranger must not learn of. */
export const notFound = (what: string, attribute: string): AuthError =>
  new AuthError('not_found', { attribute, message: `This ${what} does not exist.` });

type Entry = {
  userId: string;
  teamId: string;
  /** The roles that may make the change. A member with another role gets `insufficient_permissions`. */
  allowed: readonly MembershipRole[];
  /** The error for a stranger; it is the same whether the team exists or not. */
  otherwise?: AuthError;
};

/**
 * Begins a change of a team. Locks the account of the person who acts, then the team, so that changes of one team take
 * turns. Then it finds the person's role, which no other transaction changes before this one ends. The caller locks all else
 * later, in the order of src/db/README.md.
 *
 * @throws AuthError `not_found`, or `otherwise`, if the person is not a member or is disabled; `insufficient_permissions` if
 * their role is not allowed
 */
export async function enterTeam(
  tx: Transaction,
  { userId, teamId, allowed, otherwise = notFound('team', 'teamId') }: Entry,
): Promise<TeamMembership> {
  const isEnabled = await lockAccount(tx, userId);
  const [team] = await tx.select().from(teams).where(eq(teams.id, teamId)).for('update');
  // A separate statement: the one that waited for the lock would still see the old roles.
  const [member] = await tx
    .select({ role: memberships.role })
    .from(memberships)
    .where(and(eq(memberships.teamId, teamId), eq(memberships.userId, userId)))
    .for('share');
  if (!isEnabled || team === undefined || member === undefined) throw otherwise;
  if (!allowed.includes(member.role)) throw new AuthError('insufficient_permissions');
  return { team, role: member.role, userId };
}

const SOLE_OWNER = 'memberships_team_has_owner';

/**
 * Runs a change that may leave a team without an owner. The database's trigger decides.
 * @throws AuthError `sole_owner`
 */
export async function keepingAnOwner<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw violates(error, SOLE_OWNER) ? new AuthError('sole_owner', { cause: error }) : error;
  }
}
