import { asc, eq, inArray, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { invites, memberships, teams } from './tables.ts';

const teamsOf = (tx: Transaction, userId: string) =>
  tx.select({ teamId: memberships.teamId }).from(memberships).where(eq(memberships.userId, userId));

/** Locks the teams of a person, as every change of a team does, in an order that all who lock several share. */
const lockTeamsOf = (tx: Transaction, userId: string) =>
  tx
    .select({ id: teams.id })
    .from(teams)
    .where(inArray(teams.id, teamsOf(tx, userId)))
    .orderBy(asc(teams.id))
    .for('update');

/**
 * Withdraws every invite that a person made, in whatever team. Their teams are locked, so that none is made meanwhile: the
 * caller locks whatever else it needs after this.
 */
export async function withdrawInvitesOf(tx: Transaction, userId: string): Promise<void> {
  await lockTeamsOf(tx, userId);
  await tx.delete(invites).where(eq(invites.inviterId, userId));
}

/**
 * Prepares the teams of a person who is about to be deleted: those in which nobody else is are deleted, and the invites
 * they made are withdrawn. The teams are locked.
 *
 * @returns the deleted teams, and those that others would be left in without an owner
 */
export async function dissolveTeamsOf(
  tx: Transaction,
  userId: string,
): Promise<{ dissolved: string[]; orphaned: string[] }> {
  await lockTeamsOf(tx, userId);
  // A statement of its own: it sees what those who held the locks before have done.
  const counted = await tx
    .select({
      teamId: memberships.teamId,
      members: sql<number>`count(*)::int`,
      otherOwners: sql<number>`(count(*) filter (where role = 'OWNER' and user_id <> ${userId}))::int`,
    })
    .from(memberships)
    .where(inArray(memberships.teamId, teamsOf(tx, userId)))
    .groupBy(memberships.teamId)
    .orderBy(asc(memberships.teamId));
  const dissolved = counted.filter(({ members }) => members === 1).map(({ teamId }) => teamId);
  const orphaned = counted
    .filter(({ members, otherOwners }) => members > 1 && otherOwners === 0)
    .map(({ teamId }) => teamId);
  if (orphaned.length > 0) return { dissolved: [], orphaned };
  await tx.delete(invites).where(eq(invites.inviterId, userId));
  if (dissolved.length > 0) await tx.delete(teams).where(inArray(teams.id, dissolved));
  return { dissolved, orphaned };
}
