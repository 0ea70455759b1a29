import { and, asc, eq, inArray, ne, notInArray, sql } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { invites, memberships } from '../db/tables/teams.ts';
import { lockTeamsOf, teamsOf } from './locks.ts';
import { deleteTeamRows } from './teams.ts';

const deleteInvitesOf = (tx: Transaction, userId: string) =>
  tx.delete(invites).where(eq(invites.inviterId, userId));

/**
 * Withdraws every invite that a person made, in every team. Locks their teams. The transaction has locked the person, so
 * that they make no other invite.
 */
export async function withdrawInvitesOf(tx: Transaction, userId: string): Promise<void> {
  await lockTeamsOf(tx, userId);
  await deleteInvitesOf(tx, userId);
}

/** The teams of a person who is about to leave all of them. */
export type Departure = {
  /** The ids of the teams in which the person is alone. */
  alone: string[];
  /** The ids of the teams with other members but without another owner. */
  orphaned: string[];
};

/**
 * Locks and classifies the teams of a person who is about to leave all of them. The transaction has locked the person, so
 * that they neither found nor join another team.
 */
export async function prepareDeparture(tx: Transaction, userId: string): Promise<Departure> {
  await lockTeamsOf(tx, userId);
  // A separate statement: it sees the changes of transactions that held the locks before.
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
 * Gives teams another owner, of whom the person is the only one: an admin, else the member who joined first. The transaction has locked
 * the teams (prepareDeparture).
 */
export async function passOnTeams(
  tx: Transaction,
  { userId, orphaned }: { userId: string; orphaned: readonly string[] },
): Promise<void> {
  if (orphaned.length === 0) return;
  const heirs = tx
    .selectDistinctOn([memberships.teamId], { teamId: memberships.teamId, userId: memberships.userId })
    .from(memberships)
    .where(and(inArray(memberships.teamId, [...orphaned]), ne(memberships.userId, userId)))
    .orderBy(memberships.teamId, sql`role = 'ADMIN' desc`, memberships.createdAt, memberships.userId);
  await tx
    .update(memberships)
    .set({ role: 'OWNER' })
    .where(sql`(${memberships.teamId}, ${memberships.userId}) in (${heirs})`);
}

/**
 * Withdraws the invites of a person, and deletes the teams in which they are alone. The transaction has locked their
 * sessions, since one of these teams may be active there.
 * @throws AuthError `refused_by_application`
 */
export async function dissolveTeams(
  tx: Transaction,
  { userId, alone }: { userId: string; alone: readonly string[] },
): Promise<void> {
  await deleteInvitesOf(tx, userId);
  if (alone.length > 0) await deleteTeamRows(tx, alone);
}

/**
 * Takes a person out of their teams, and withdraws the invites that they made. Teams without another member are deleted. The
 * person stays in a team that would lose its only owner. The transaction has locked the teams (prepareDeparture) and
 * sessions.
 */
export async function leaveTeams(
  tx: Transaction,
  { userId, alone, orphaned }: Departure & { userId: string },
): Promise<void> {
  await dissolveTeams(tx, { userId, alone });
  const others = orphaned.length === 0 ? undefined : notInArray(memberships.teamId, orphaned);
  await tx.delete(memberships).where(and(eq(memberships.userId, userId), others));
}
