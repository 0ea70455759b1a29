import { and, asc, eq, inArray, notInArray, sql } from 'drizzle-orm';
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
  const { alone: dissolved, needed: orphaned } = await sortTeamsOf(tx, userId);
  if (orphaned.length > 0) return { dissolved: [], orphaned };
  await tx.delete(invites).where(eq(invites.inviterId, userId));
  if (dissolved.length > 0) await tx.delete(teams).where(inArray(teams.id, dissolved));
  return { dissolved, orphaned };
}

/**
 * Takes a person out of their teams, and withdraws the invites they made. Teams in which nobody else is are deleted; one that
 * would lose its only owner keeps the person. The teams are locked.
 *
 * @returns how many teams they have left
 */
export async function leaveTeamsOf(tx: Transaction, userId: string): Promise<{ left: number }> {
  const { alone, needed, all } = await sortTeamsOf(tx, userId);
  await tx.delete(invites).where(eq(invites.inviterId, userId));
  if (alone.length > 0) await tx.delete(teams).where(inArray(teams.id, alone));
  const others = needed.length === 0 ? undefined : notInArray(memberships.teamId, needed);
  await tx.delete(memberships).where(and(eq(memberships.userId, userId), others));
  return { left: all - needed.length };
}

/** Locks the teams of a person, and tells those in which they are alone, and those of which they are the only owner. */
async function sortTeamsOf(
  tx: Transaction,
  userId: string,
): Promise<{ alone: string[]; needed: string[]; all: number }> {
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
  const alone = counted.filter(({ members }) => members === 1).map(({ teamId }) => teamId);
  const needed = counted
    .filter(({ members, otherOwners }) => members > 1 && otherOwners === 0)
    .map(({ teamId }) => teamId);
  return { alone, needed, all: counted.length };
}
