import { and, asc, eq, gt, inArray, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Queryable, Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import {
  type InvitedRole,
  invitedRoles,
  invites,
  type MembershipRole,
  memberships,
  teams,
} from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { parseId } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';
import {
  type Actor,
  ANYBODY,
  type ChangeDeps,
  countChange,
  enterTeam,
  eventOf,
  keepingAnOwner,
  MANAGERS,
  notFound,
  OWNERS,
  type TeamDeps,
} from './access.ts';
import { invitableBy } from './invites.ts';
import { lockSessionsIn } from './locks.ts';
import { byTeam, isAmong, type ListOfTeams } from './pages.ts';

/** A member of a team as another one sees them. */
export type Member = {
  id: string;
  name: string | null;
  /** Null where the one who looks may not see it. */
  email: string | null;
  role: MembershipRole;
  joinedAt: Date;
};

const mine = alias(memberships, 'mine');

/** Addresses are for those who manage the team, and everybody's own for themselves. */
const visibleEmail = sql<string | null>`
  case when ${mine.role} in ('OWNER', 'ADMIN') or ${users.id} = ${mine.userId} then ${users.email} end`.as(
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
    .innerJoin(mine, and(eq(mine.teamId, memberships.teamId), eq(mine.userId, viewerId)))
    .where(and(eq(memberships.teamId, teamId), where))
    .orderBy(asc(memberships.userId));
}

/** The members of teams, as one of them sees the others: none for whoever is no member any more. */
export const listMembers: ListOfTeams<Member> = async (db, { userId, teamIds }, { first, after }) => {
  const beyond = after === null ? undefined : gt(memberships.userId, after);
  const page = selectMembers(db, userId, sql`${teams.id}`, beyond).limit(first).as('page');
  const found = await db
    .select()
    .from(teams)
    .crossJoinLateral(page)
    .where(isAmong(teamIds))
    .orderBy(asc(teams.id), asc(page.id));
  return byTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

/** A member's row, locked. */
async function lockMember(
  tx: Transaction,
  teamId: string,
  userId: string,
): Promise<{ role: MembershipRole }> {
  const [member] = await tx
    .select({ role: memberships.role })
    .from(memberships)
    .where(and(eq(memberships.teamId, teamId), eq(memberships.userId, userId)))
    .for('update');
  if (member === undefined) throw notFound('member', 'userId');
  return member;
}

/** An invite lives as long as whoever made it may make such. */
async function withdrawInvites(
  tx: Transaction,
  input: { teamId: string; inviterId: string; kept: readonly InvitedRole[] },
): Promise<void> {
  const withdrawn = invitedRoles.filter((role) => !input.kept.includes(role));
  if (withdrawn.length === 0) return;
  await tx
    .delete(invites)
    .where(
      and(
        eq(invites.teamId, input.teamId),
        eq(invites.inviterId, input.inviterId),
        inArray(invites.role, withdrawn),
      ),
    );
}

/**
 * Gives a member another role. Only owners decide who is owner or admin.
 * @throws AuthError `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`, `sole_owner`
 */
export async function changeMemberRole(
  deps: ChangeDeps,
  actor: Actor,
  input: { teamId: string; userId: string; role: MembershipRole },
): Promise<Member> {
  const teamId = parseId(input.teamId, 'teamId');
  const userId = parseId(input.userId, 'userId');
  const { role } = input;
  const change = async (tx: Transaction): Promise<Member> => {
    await enterTeam(tx, actor, { teamId, allowed: OWNERS });
    const { role: from } = await lockMember(tx, teamId, userId);
    if (from !== role) {
      await tx
        .update(memberships)
        .set({ role })
        .where(and(eq(memberships.teamId, teamId), eq(memberships.userId, userId)));
      await withdrawInvites(tx, { teamId, inviterId: userId, kept: invitableBy(role) });
      const details = { memberId: userId, from, to: role };
      await recordSecurityEvent(tx, { action: 'member_role_changed', ...eventOf(actor, teamId), details });
    }
    const [member] = await selectMembers(tx, actor.user.id, teamId, eq(memberships.userId, userId));
    if (member === undefined) throw new Error('The locked member is gone.');
    return member;
  };
  await countChange(deps, actor);
  return keepingAnOwner(() => deps.db.transaction(change));
}

/** Ends a membership and what hangs on it: the team is active in none of their sessions, their invites are gone. */
async function endMembership(tx: Transaction, teamId: string, userId: string): Promise<void> {
  await lockSessionsIn(tx, teamId, userId);
  await tx.delete(memberships).where(and(eq(memberships.teamId, teamId), eq(memberships.userId, userId)));
  await tx
    .update(sessions)
    .set({ activeTeamId: null })
    .where(and(eq(sessions.userId, userId), eq(sessions.activeTeamId, teamId)));
  await withdrawInvites(tx, { teamId, inviterId: userId, kept: [] });
}

/**
 * Removes somebody from a team: owners anybody, admins those who are only MEMBER. Tokens that name the team select
 * nothing from then on.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`, `sole_owner`
 */
export function removeMember(
  { db }: TeamDeps,
  actor: Actor,
  input: { teamId: string; userId: string },
): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  const userId = parseId(input.userId, 'userId');
  const remove = async (tx: Transaction): Promise<string> => {
    const { role } = await enterTeam(tx, actor, { teamId, allowed: MANAGERS });
    const member = await lockMember(tx, teamId, userId);
    if (role !== 'OWNER' && member.role !== 'MEMBER') throw new AuthError('insufficient_permissions');
    await endMembership(tx, teamId, userId);
    const details = { memberId: userId, role: member.role };
    await recordSecurityEvent(tx, { action: 'member_removed', ...eventOf(actor, teamId), details });
    return userId;
  };
  return keepingAnOwner(() => db.transaction(remove));
}

/**
 * Leaves a team, which its only owner cannot.
 * @throws AuthError `invalid`, `not_found`, `sole_owner`
 */
export function leaveTeam({ db }: TeamDeps, actor: Actor, input: { teamId: string }): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  const leave = async (tx: Transaction): Promise<string> => {
    const { role } = await enterTeam(tx, actor, { teamId, allowed: ANYBODY });
    await endMembership(tx, teamId, actor.user.id);
    await recordSecurityEvent(tx, { action: 'member_left', ...eventOf(actor, teamId), details: { role } });
    return teamId;
  };
  return keepingAnOwner(() => db.transaction(leave));
}
