import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Queryable, Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { type MembershipRole, memberships, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { notFound } from './access.ts';
import { withdrawInvites } from './invites.ts';
import { lockSessionsIn } from './locks.ts';
import { groupByTeam, isAmong, type ListOfTeams } from './pages.ts';

/** A member of a team, as another member sees them. */
export type Member = {
  id: string;
  name: string | null;
  /** Null if the viewer may not see it. */
  email: string | null;
  role: MembershipRole;
  joinedAt: Date;
};

const viewer = alias(memberships, 'viewer');

/** Managers of the team see every address. Other members see their own. */
const visibleEmail = sql<string | null>`
  case when ${viewer.role} in ('OWNER', 'ADMIN') or ${users.id} = ${viewer.userId} then ${users.email} end`.as(
  'email',
);

function selectMembers(db: Queryable, viewerId: string, teamId: string | SQL, where?: SQL) {
  return db
    .select({
      id: users.id,
      name: users.name,
      email: visibleEmail,
      role: memberships.role,
      joinedAt: memberships.createdAt,
    })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .innerJoin(viewer, and(eq(viewer.teamId, memberships.teamId), eq(viewer.userId, viewerId)))
    .where(and(eq(memberships.teamId, teamId), where))
    .orderBy(asc(memberships.userId));
}

/**
 * Lists the members of teams, as one of them sees the others. A person who is not a member of a team does not see its
 * members.
 */
export const listMembers: ListOfTeams<Member> = async (db, { userId, teamIds }, { first, after }) => {
  const beyond = after === null ? undefined : gt(memberships.userId, after);
  const page = selectMembers(db, userId, sql`${teams.id}`, beyond).limit(first).as('page');
  const found = await db
    .select()
    .from(teams)
    .crossJoinLateral(page)
    .where(isAmong(teamIds))
    .orderBy(asc(teams.id), asc(page.id));
  return groupByTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

/** Finds a member as the viewer sees them. The transaction has locked the member. */
export async function findMember(
  tx: Transaction,
  { viewerId, teamId, userId }: { viewerId: string; teamId: string; userId: string },
): Promise<Member> {
  const [member] = await selectMembers(tx, viewerId, teamId, eq(memberships.userId, userId));
  if (member === undefined) throw new Error('The locked member is gone.');
  return member;
}

type Place = { teamId: string; userId: string };

const at = ({ teamId, userId }: Place) => and(eq(memberships.teamId, teamId), eq(memberships.userId, userId));

/**
 * Locks the row of a member. The transaction has locked the team.
 * @returns their role
 * @throws AuthError `not_found`
 */
export async function lockMember(tx: Transaction, place: Place): Promise<MembershipRole> {
  const [member] = await tx
    .select({ role: memberships.role })
    .from(memberships)
    .where(at(place))
    .for('update');
  if (member === undefined) throw notFound('member', 'userId');
  return member.role;
}

/**
 * Locks a team, and then the row of a member, for a change by the operator. The transaction has locked the member's account.
 * @returns whether the account is a member of the team
 */
export async function lockMembership(tx: Transaction, place: Place): Promise<boolean> {
  await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, place.teamId)).for('update');
  const found = await tx.select({ role: memberships.role }).from(memberships).where(at(place)).for('update');
  return found.length > 0;
}

/** Changes the role of a member whom the transaction has locked. */
export async function updateMemberRole(
  tx: Transaction,
  { role, ...place }: Place & { role: MembershipRole },
): Promise<void> {
  await tx.update(memberships).set({ role }).where(at(place));
}

/** Ends a membership. The team is not active in the member's sessions any more, and their invites to it are deleted. */
export async function endMembership(tx: Transaction, { teamId, userId }: Place): Promise<void> {
  await lockSessionsIn(tx, teamId, userId);
  await tx.delete(memberships).where(at({ teamId, userId }));
  await tx
    .update(sessions)
    .set({ activeTeamId: null })
    .where(and(eq(sessions.userId, userId), eq(sessions.activeTeamId, teamId)));
  await withdrawInvites(tx, { teamId, inviterId: userId, kept: [] });
}
