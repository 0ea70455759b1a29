import { sql } from 'drizzle-orm';
import { check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { flowStates } from './flow-states.ts';
import { portcullisPrivate } from './schemas.ts';
import { sessions } from './sessions.ts';
import { users } from './users.ts';

/** A sign-in at a provider that a browser has begun, or the permission of a signed-in person to begin one. */
export const providerAttempts = portcullisPrivate.table(
  'provider_attempts',
  {
    id: uuid().primaryKey(),
    /** Where the person returns to. With it, this row is deleted. */
    flowStateId: uuid()
      .notNull()
      .references(() => flowStates.id, { onDelete: 'cascade' }),
    provider: text().notNull(),
    /** SHA-256 of the ticket by which a browser begins to link an identity; null for a sign-in. */
    ticketHash: bytea(),
    /** The session whose person links the identity; null for a sign-in. */
    linkingSessionId: uuid().references(() => sessions.id, { onDelete: 'cascade' }),
    /** Whose invitation the person accepts by signing in; null without one. */
    invitedUserId: uuid().references(() => users.id, { onDelete: 'cascade' }),
    /** SHA-256 of the state; null until the browser begins. */
    stateHash: bytea(),
    /** SHA-256 of the cookie of the browser that began. */
    browserHash: bytea(),
    /** When the browser came back. */
    usedAt: instant(),
    /** The provider's tokens, and the account to link, until the client exchanges its code: a JWE. */
    outcome: text(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    uniqueIndex('provider_attempts_state_hash_key').on(t.stateHash),
    uniqueIndex('provider_attempts_ticket_hash_key').on(t.ticketHash),
    index('provider_attempts_flow_state_id_idx').on(t.flowStateId),
    index('provider_attempts_linking_session_id_idx').on(t.linkingSessionId),
    index('provider_attempts_invited_user_id_idx').on(t.invitedUserId),
    check('provider_attempts_provider_length', sql`char_length(${t.provider}) between 1 and 63`),
    check(
      'provider_attempts_hashes_are_sha256',
      sql`octet_length(${t.ticketHash}) = 32 and octet_length(${t.stateHash}) = 32 and octet_length(${t.browserHash}) = 32`,
    ),
    check('provider_attempts_bound', sql`(${t.stateHash} is null) = (${t.browserHash} is null)`),
    check('provider_attempts_ticket_links', sql`(${t.ticketHash} is null) = (${t.linkingSessionId} is null)`),
    check('provider_attempts_outcome_length', sql`char_length(${t.outcome}) <= 65536`),
  ],
);
