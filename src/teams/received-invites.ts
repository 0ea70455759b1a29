import { and, asc, eq, gt, inArray, isNotNull, isNull, not, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Database, Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { acceptedInvites, type InvitedRole, invites, memberships, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import type { Invite } from './invites.ts';
import { lockAccount } from './locks.ts';
import { MAX_PAGE } from './pages.ts';

/** An invite as the person sees it to whom it is addressed. */
export type ReceivedInvite = {
  id: string;
  teamName: string;
  inviterName: string | null;
  role: InvitedRole;
  expiresAt: Date;
};

/** The condition that an invite has not expired, and is to the address of this user. */
const addressedTo = (userId: string) =>
  and(eq(users.id, userId), eq(users.email, invites.email), gt(invites.expiresAt, sql`now()`));
const isVerified = isNotNull(users.emailVerifiedAt);

const inviters = alias(users, 'inviters');

/**
 * Lists the unexpired invites to the address that the person has verified, oldest first; at most 100. Empty if the session
 * is not proven.
 */
export const listReceivedInvites = (
  db: Database,
  { userId, sessionId }: Pick<InviteReply, 'userId' | 'sessionId'>,
): Promise<ReceivedInvite[]> =>
  db
    .select({
      id: invites.id,
      teamName: teams.name,
      inviterName: inviters.name,
      role: invites.role,
      expiresAt: invites.expiresAt,
    })
    .from(invites)
    .innerJoin(users, and(addressedTo(userId), isVerified))
    .innerJoin(teams, eq(teams.id, invites.teamId))
    .leftJoin(inviters, eq(inviters.id, invites.inviterId))
    .where(isProven({ userId, sessionId }))
    .orderBy(asc(invites.id))
    .limit(MAX_PAGE);

/** An invite, and the user who accepts or declines it. */
type InviteReply = {
  inviteId: string;
  userId: string;
  /** Null for an operator who acts as the user. */
  sessionId: string | null;
};

/**
 * The condition that the session is live and proven. A stranger may have signed up with the address before, and still be
 * signed in.
 */
const isProven = ({ userId, sessionId }: Pick<InviteReply, 'userId' | 'sessionId'>) =>
  sessionId === null
    ? undefined
    : sql`exists (select from ${sessions} where ${sessions.id} = ${sessionId} and ${sessions.userId} = ${userId}
        and ${sessions.provenAt} is not null and ${sessions.revokedAt} is null)`;

/**
 * Deletes an invite and returns it, for the user who has verified its address, in a proven session. Null if the invite has
 * expired, or if any of this is not true. Of several calls at once, one gets the invite.
 */
export async function consumeInvite(
  tx: Transaction,
  { inviteId, userId, sessionId }: InviteReply,
): Promise<Invite | null> {
  const [found] = await tx.select({ teamId: invites.teamId }).from(invites).where(eq(invites.id, inviteId));
  if (found === undefined || !(await lockAccount(tx, userId))) return null;
  // The order of locks in every change of a team: the account, the team, then all else.
  await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, found.teamId)).for('update');
  const acceptable = tx
    .select({ id: invites.id })
    .from(invites)
    .innerJoin(users, and(addressedTo(userId), isVerified))
    .where(and(eq(invites.id, inviteId), isProven({ userId, sessionId })));
  const [invite] = await tx.delete(invites).where(inArray(invites.id, acceptable)).returning();
  return invite ?? null;
}

/** Makes the user a member by an invite that was just consumed, and records the acceptance. A member keeps their role. */
export async function joinByInvite(
  tx: Transaction,
  { invite, userId }: { invite: Invite; userId: string },
): Promise<void> {
  const { id: inviteId, teamId, role } = invite;
  await tx.insert(memberships).values({ teamId, userId, role }).onConflictDoNothing();
  await tx.insert(acceptedInvites).values({ inviteId, teamId, userId });
}

/** Finds the user's own earlier acceptance of an invite; null if not found. */
export async function findAcceptance(
  tx: Transaction,
  { inviteId, userId }: Pick<InviteReply, 'inviteId' | 'userId'>,
): Promise<{ teamId: string } | null> {
  const [accepted] = await tx
    .select({ teamId: acceptedInvites.teamId })
    .from(acceptedInvites)
    .where(and(eq(acceptedInvites.inviteId, inviteId), eq(acceptedInvites.userId, userId)));
  return accepted ?? null;
}

/**
 * Returns the error for a refused invite. Only a person who has its address, and has not proven it, learns that the invite
 * exists.
 */
export async function refusalOf(tx: Transaction, reply: InviteReply): Promise<AuthError> {
  const proven = isProven(reply);
  const unproven = or(isNull(users.emailVerifiedAt), proven && not(proven));
  const [invite] = await tx
    .select({ id: invites.id })
    .from(invites)
    .innerJoin(users, and(addressedTo(reply.userId), unproven))
    .where(eq(invites.id, reply.inviteId));
  return new AuthError(invite === undefined ? 'invalid_invite' : 'email_not_verified');
}
