import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { signupInvitations } from '../db/tables/signup-invitations.ts';
import { invites } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';

/** The right to sign up with an address. */
export type SignupInvitation = {
  id: string;
  email: string;
  /** The invite to a team that it came with; null if the operator made it. */
  inviteId: string | null;
};

/**
 * Invites an address, in place of an earlier invitation by the operator, whose link stops working at once. The token is stored
 * when the mail is made.
 */
export async function replaceInvitation(
  tx: Transaction,
  { email, ttlSeconds }: { email: string; ttlSeconds: number },
): Promise<{ id: string; email: string; expiresAt: Date }> {
  const [made] = await tx
    .insert(signupInvitations)
    .values({ id: uuidv7(), email, expiresAt: sql`now() + make_interval(secs => ${ttlSeconds})` })
    .onConflictDoUpdate({
      target: signupInvitations.email,
      targetWhere: sql`${signupInvitations.inviteId} is null`,
      set: {
        id: sql`excluded.id`,
        tokenHash: null,
        createdAt: sql`excluded.created_at`,
        expiresAt: sql`excluded.expires_at`,
      },
    })
    .returning();
  if (made === undefined) throw new Error('The invitation was not stored.');
  return made;
}

/** The condition that no account has the address. */
const isFree = (email: ReturnType<typeof sql>) =>
  sql`not exists (select from ${users} where ${users.email} = ${email})`;

/**
 * Stores the token of an invitation by the operator when its mail is made. Every attempt to mail it stores the same token.
 * @returns the address and the day of its end; null if it was replaced, used or has expired, or if the address has an account
 */
export async function storeInvitationToken(
  db: Queryable,
  { id, token }: { id: string; token: string },
): Promise<{ email: string; expires: string } | null> {
  const [stored] = await db.execute<{ email: string; expires: string }>(sql`
    update ${signupInvitations} set token_hash = ${sha256(token)}
    where id = ${id} and expires_at > now() and ${isFree(sql`${signupInvitations.email}`)}
    returning email, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD') as expires`);
  return stored ?? null;
}

/**
 * Stores the token by which a person who is invited to a team may sign up. It ends with the invite.
 * @param email the address of the invite, in its canonical form
 * @param requestedAt when the mail was queued: the token of a later mail stays
 * @returns false, and stores nothing, if the address has an account, or if the invite has ended
 */
export async function storeTokenOfInvite(
  db: Queryable,
  {
    inviteId,
    email,
    token,
    requestedAt,
  }: { inviteId: string; email: string; token: string; requestedAt: Date },
): Promise<boolean> {
  const stored = await db.execute(sql`
    insert into ${signupInvitations} as kept (id, email, invite_id, token_hash, created_at, expires_at)
    select ${uuidv7()}::uuid, ${email}, i.id, ${sha256(token)}, ${requestedAt.toISOString()}::timestamptz, i.expires_at
    from ${invites} i where i.id = ${inviteId} and i.expires_at > now() and ${isFree(sql`${email}`)}
    on conflict (invite_id) do update set email = excluded.email, token_hash = excluded.token_hash,
      created_at = excluded.created_at, expires_at = excluded.expires_at
      where kept.created_at <= excluded.created_at
    returning id`);
  return stored.length > 0;
}

/** Finds the invitation of a token that can be redeemed; null if not found. It does not use the token up. */
export async function findInvitation(
  db: Queryable,
  { token }: { token: string },
): Promise<SignupInvitation | null> {
  const [found] = await db.execute<SignupInvitation>(sql`
    select id, email, invite_id as "inviteId" from ${signupInvitations}
    where token_hash = ${sha256(token)} and expires_at > now()`);
  return found ?? null;
}

/**
 * Uses an invitation up, in one statement: of many sign-ups at once, one gets it. Null if it was used, replaced or revoked, if it
 * has expired, or if it is for another address.
 */
export async function redeemInvitation(
  tx: Transaction,
  { token, email }: { token: string; email: string },
): Promise<SignupInvitation | null> {
  const [redeemed] = await tx.execute<SignupInvitation>(sql`
    delete from ${signupInvitations} where token_hash = ${sha256(token)} and email = ${email} and expires_at > now()
    returning id, email, invite_id as "inviteId"`);
  return redeemed ?? null;
}

/**
 * Uses the invitations of an address up. For a person whose address a provider has verified: they need no token, which a mail would bring
 * to the same mailbox. Null if the address has no invitation that has not expired.
 */
export async function redeemInvitationOf(
  tx: Transaction,
  { email }: { email: string },
): Promise<SignupInvitation | null> {
  const [redeemed] = await tx.execute<SignupInvitation>(sql`
    delete from ${signupInvitations} where email = ${email} and expires_at > now()
    returning id, email, invite_id as "inviteId"`);
  return redeemed ?? null;
}

/** Deletes expired invitations, a bounded number each time. */
export const pruneInvitations = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: signupInvitations,
    key: signupInvitations.id,
    where: sql`${signupInvitations.expiresAt} < now()`,
  });
