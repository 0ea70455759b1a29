import { and, asc, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import {
  acceptedInvites,
  type InvitedRole,
  invites,
  type MembershipRole,
  memberships,
  teams,
} from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { parseId } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';
import { type Actor, enterTeam, eventOf, MANAGERS, notFound, type TeamDeps } from './access.ts';
import { byTeam, isAmong, type ListOfTeams } from './pages.ts';
import type { TeamMembership } from './teams.ts';

export type Invite = typeof invites.$inferSelect;

/** What somebody of this role may invite others to be: nobody makes their own equals but owners, among members. */
export function invitableBy(role: MembershipRole): readonly InvitedRole[] {
  if (role === 'OWNER') return ['ADMIN', 'MEMBER'];
  return role === 'ADMIN' ? ['MEMBER'] : [];
}

/** The invites of teams, oldest first; none for whoever does not manage the team. */
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
  return byTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

type Invitation = { teamId: string; role: InvitedRole; emails: readonly string[] };

/**
 * Refuses invites that the actor may not make, or that make no sense.
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
  // Inviting again replaces the role, so it takes the right to make the invite that is there, while it can be accepted.
  const standing = await q
    .select({ role: invites.role })
    .from(invites)
    .where(
      and(eq(invites.teamId, teamId), inArray(invites.email, [...emails]), gt(invites.expiresAt, sql`now()`)),
    );
  if (standing.some((invite) => !allowed.includes(invite.role)))
    throw new AuthError('insufficient_permissions');
}

/** Makes the invites, or extends those that are there, and records each. Returned in the order of the addresses. */
export async function upsertInvites(
  tx: Transaction,
  actor: Actor,
  { teamId, role, emails, ttlSeconds }: Invitation & { ttlSeconds: number },
): Promise<Invite[]> {
  const expiresAt = sql<Date>`now() + make_interval(secs => ${ttlSeconds})`;
  const inviterId = actor.user.id;
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
  await Promise.all(
    made.map(({ id }) =>
      recordSecurityEvent(tx, {
        action: 'member_invited',
        ...eventOf(actor, teamId),
        details: { inviteId: id, role },
      }),
    ),
  );
  const byEmail = new Map(made.map((invite) => [invite.email, invite]));
  return [...new Set(emails)].flatMap((email) => byEmail.get(email) ?? []);
}

/**
 * Takes an invite back: owners any, admins those to be MEMBER.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`
 */
export function revokeInvite({ db }: TeamDeps, actor: Actor, input: { inviteId: string }): Promise<string> {
  const inviteId = parseId(input.inviteId, 'inviteId');
  const otherwise = notFound('invite', 'inviteId');
  return db.transaction(async (tx) => {
    const [found] = await tx.select().from(invites).where(eq(invites.id, inviteId));
    if (found === undefined) throw otherwise;
    const { teamId } = found;
    const { role } = await enterTeam(tx, actor, { teamId, allowed: MANAGERS, otherwise });
    const [invite] = await tx.delete(invites).where(eq(invites.id, inviteId)).returning();
    if (invite === undefined) throw otherwise;
    if (!invitableBy(role).includes(invite.role)) throw new AuthError('insufficient_permissions');
    const details = { inviteId, role: invite.role };
    await recordSecurityEvent(tx, { action: 'invite_revoked', ...eventOf(actor, teamId), details });
    return inviteId;
  });
}

/** How long a winner may repeat the acceptance, and an expired invite stays to be extended. */
const KEEP_DAYS = 30;
const PRUNE_BATCH = 10_000;

/** Deletes invites that expired, and memories of accepted ones, longer ago than anybody needs them. */
export async function pruneInvites(db: Database): Promise<void> {
  const before = sql`now() - make_interval(days => ${KEEP_DAYS})`;
  const expired = db.select({ id: invites.id }).from(invites).where(lt(invites.expiresAt, before));
  const batch = expired.limit(PRUNE_BATCH).for('update', { skipLocked: true });
  await db.delete(invites).where(inArray(invites.id, batch));
  const old = db.select({ id: acceptedInvites.inviteId }).from(acceptedInvites);
  const oldBatch = old
    .where(lt(acceptedInvites.createdAt, before))
    .limit(PRUNE_BATCH)
    .for('update', { skipLocked: true });
  await db.delete(acceptedInvites).where(inArray(acceptedInvites.inviteId, oldBatch));
}
