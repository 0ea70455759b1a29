import { sql } from 'drizzle-orm';
import { check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant, isCanonicalEmail } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { invites } from './teams.ts';

/**
 * The right to sign up with an address, for a person without an account. It is deleted when the person signs up. One from the
 * operator per address, and one per invite to a team.
 */
export const signupInvitations = portcullisPrivate.table(
  'signup_invitations',
  {
    /** Another one after every mail that the operator sends again. The job of an earlier mail then finds nothing. */
    id: uuid().primaryKey(),
    /** The address to which it is mailed, and which its token proves. */
    email: text().notNull(),
    /** The invite to a team that it came with; null if the operator made it. */
    inviteId: uuid().references(() => invites.id, { onDelete: 'cascade' }),
    /** SHA-256 of the token; null until the mail is made. */
    tokenHash: bytea(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    uniqueIndex('signup_invitations_email_key').on(t.email).where(sql`${t.inviteId} is null`),
    uniqueIndex('signup_invitations_invite_id_key').on(t.inviteId),
    uniqueIndex('signup_invitations_token_hash_key').on(t.tokenHash),
    index('signup_invitations_expires_at_idx').on(t.expiresAt),
    check('signup_invitations_email_canonical', isCanonicalEmail(t.email)),
    check('signup_invitations_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
  ],
);
