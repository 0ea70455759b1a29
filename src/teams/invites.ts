import { and, asc, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import {
  acceptedInvites,
  type InvitedRole,
  invitedRoles,
  invites,
  memberships,
  teams,
} from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import type { TeamMembership } from './membership.ts';
import { groupByTeam, isAmong, type ListOfTeams } from './pages.ts';
import { invitableBy, MANAGERS } from './roles.ts';

export type Invite = typeof invites.$inferSelect;

/** Lists the invites of teams, oldest first. Only managers of a team see them. */
export const listInvites: ListOfTeams<Invite> = async (db, { userId, teamIds }, { first, after }) => {
  const page = db
    .select()
    .from(invites)
    .where(and(eq(invites.teamId, teams.id), after === null ? undefined : gt(invites.id, after)))
    .orderBy(asc(invites.id))
    .limit(first)
    .as('page');
  const manages = inArray(memberships.role, [...MANAGERS]);
  const found = await db
    .select()
    .from(teams)
    .innerJoin(memberships, and(eq(memberships.teamId, teams.id), eq(memberships.userId, userId), manages))
    .crossJoinLateral(page)
    .where(isAmong(teamIds))
    .orderBy(asc(teams.id), asc(page.id));
  return groupByTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

type Invitation = { teamId: string; role: InvitedRole; emails: readonly string[] };

/**
 * Refuses invites that the member may not make, and invites to members.
 * @throws AuthError `insufficient_permissions`; `already_in_team` on attribute `emails.<n>`
 */
export async function checkInvitation(
  q: Queryable,
  membership: TeamMembership,
  { teamId, role, emails }: Invitation,
): Promise<void> {
  const allowed = invitableBy(membership.role);
  if (!allowed.includes(role)) throw new AuthError('insufficient_permissions');
  const present = await q
    .select({ email: users.email })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.teamId, teamId), inArray(users.email, [...emails])));
  const inTeam = new Set(present.map(({ email }) => email));
  const at = emails.findIndex((email) => inTeam.has(email));
  if (at !== -1) throw new AuthError('already_in_team', { attribute: `emails.${at}` });
  // A new invite replaces the role of an earlier one. If that can still be accepted, the member needs the right to make it.
  const standing = await q
    .select({ role: invites.role })
    .from(invites)
    .where(
      and(eq(invites.teamId, teamId), inArray(invites.email, [...emails]), gt(invites.expiresAt, sql`now()`)),
    );
  if (standing.some((invite) => !allowed.includes(invite.role)))
    throw new AuthError('insufficient_permissions');
}

/**
 * Inserts invites, or extends earlier invites to the same addresses. Returns them in the order of the addresses, each once.
 */
export async function upsertInvites(
  tx: Transaction,
  { inviterId, teamId, role, emails, ttlSeconds }: Invitation & { inviterId: string; ttlSeconds: number },
): Promise<Invite[]> {
  const expiresAt = sql<Date>`now() + make_interval(secs => ${ttlSeconds})`;
  const made = await tx
    .insert(invites)
    .values(
      [...new Set(emails)].map((email) => ({ id: uuidv7(), teamId, email, role, inviterId, expiresAt })),
    )
    .onConflictDoUpdate({
      target: [invites.teamId, invites.email],
      set: { role, inviterId, expiresAt },
    })
    .returning();
  const byEmail = new Map(made.map((invite) => [invite.email, invite]));
  return [...new Set(emails)].flatMap((email) => byEmail.get(email) ?? []);
}

/** Deletes the invites of an inviter to a team, except those to roles that the inviter may still give (`kept`). */
export async function withdrawInvites(
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

/** Finds the id of the team that an invite is to; null if not found. */
export async function findTeamOfInvite(tx: Transaction, inviteId: string): Promise<string | null> {
  const [found] = await tx.select({ teamId: invites.teamId }).from(invites).where(eq(invites.id, inviteId));
  return found?.teamId ?? null;
}

/** Deletes an invite and returns it; null if not found. */
export async function deleteInvite(tx: Transaction, inviteId: string): Promise<Invite | null> {
  const [invite] = await tx.delete(invites).where(eq(invites.id, inviteId)).returning();
  return invite ?? null;
}

/** How long an acceptance can be repeated, and how long an expired invite can still be extended. */
const KEEP_DAYS = 30;

/** Deletes invites that expired more than 30 days ago, and records of acceptances from before that. */
export async function pruneInvites(db: Database): Promise<void> {
  const before = sql`now() - make_interval(days => ${KEEP_DAYS})`;
  await deleteOldRows(db, { table: invites, key: invites.id, where: lt(invites.expiresAt, before) });
  await deleteOldRows(db, {
    table: acceptedInvites,
    key: acceptedInvites.inviteId,
    where: lt(acceptedInvites.createdAt, before),
  });
}
