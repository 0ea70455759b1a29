import { and, asc, eq, inArray, notInArray, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { invites, memberships, teams } from '../db/tables/teams.ts';
import { lockTeamsOf, teamsOf } from './locks.ts';

const deleteInvitesOf = (tx: Transaction, userId: string) =>
  tx.delete(invites).where(eq(invites.inviterId, userId));

/**
 * Withdraws every invite that a person made, in every team. Locks their teams; the caller has locked the person, so that
 * they make no other invite.
 */
export async function withdrawInvitesOf(tx: Transaction, userId: string): Promise<void> {
  await lockTeamsOf(tx, userId);
  await deleteInvitesOf(tx, userId);
}

/** The teams of a person who is about to be deleted. */
export type Departure = {
  /** Those in which they are alone. */
  alone: string[];
  /** Those that others would be left in without an owner. */
  orphaned: string[];
};

/**
 * Looks at the teams of a person who is about to be deleted, and locks them. The caller has locked the person, so that they
 * found and join no other team.
 */
export async function prepareDeparture(tx: Transaction, userId: string): Promise<Departure> {
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
  const ids = (which: typeof counted) => which.map(({ teamId }) => teamId);
  return {
    alone: ids(counted.filter(({ members }) => members === 1)),
    orphaned: ids(counted.filter(({ members, otherOwners }) => members > 1 && otherOwners === 0)),
  };
}

/**
 * Withdraws the invites of a person who is about to be deleted, and deletes the teams in which they are alone. The caller
 * has locked their sessions: one of these teams may be the active one there.
 */
export async function dissolveTeams(
  tx: Transaction,
  { userId, alone }: { userId: string; alone: readonly string[] },
): Promise<void> {
  await deleteInvitesOf(tx, userId);
  if (alone.length > 0) await tx.delete(teams).where(inArray(teams.id, [...alone]));
}

/**
 * Takes a person out of their teams, and withdraws the invites they made. Teams without another member are deleted; one that
 * would lose its only owner keeps the person. The caller has locked teams (prepareDeparture) and sessions.
 */
export async function leaveTeams(
  tx: Transaction,
  { userId, alone, orphaned }: Departure & { userId: string },
): Promise<void> {
  await dissolveTeams(tx, { userId, alone });
  const others = orphaned.length === 0 ? undefined : notInArray(memberships.teamId, orphaned);
  await tx.delete(memberships).where(and(eq(memberships.userId, userId), others));
}
