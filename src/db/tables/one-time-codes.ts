import { sql } from 'drizzle-orm';
import { boolean, check, index, smallint, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { flowStates } from './flow-states.ts';
import { portcullisPrivate } from './schemas.ts';
import { ofUser } from './users.ts';

/** What a code serves. A code serves one purpose only. */
export const codePurposes = [
  ...(['signup', 'invite', 'recovery', 'magiclink'] as const),
  ...(['email_change_new', 'email_change_current', 'sms', 'phone_change', 'reauthentication'] as const),
] as const;
export type CodePurpose = (typeof codePurposes)[number];

/** How many times a person may enter a code. */
export const MAX_ATTEMPTS = 5;

/**
 * A short code, and the token of a link, which one message brings to a person. One per person and purpose: a new request replaces the
 * one before. The request makes the row; the worker that delivers the message makes code and token.
 */
export const oneTimeCodes = portcullisPrivate.table(
  'one_time_codes',
  {
    /** Another one after every request. The job of an earlier request then finds nothing. */
    id: uuid().primaryKey(),
    userId: ofUser(),
    purpose: text({ enum: codePurposes }).notNull(),
    /** The address or number to which it goes, and which it proves. */
    target: text().notNull(),
    /** Keyed hash of the code, bound to account, purpose and target; null until the message is made. */
    codeHash: bytea(),
    /** SHA-256 of the link's token; null until the message is made, and for a text message. */
    linkHash: bytea(),
    /** Where the link leads, and the challenge of PKCE. */
    flowStateId: uuid().references(() => flowStates.id, { onDelete: 'cascade' }),
    /** Whether the password of a sign-up stays: the person who asked for this code has given that very password. */
    keepsPassword: boolean().notNull().default(false),
    /** Whether it works only together with the code of the other address: both halves of a change confirm. */
    isHalf: boolean().notNull().default(false),
    /** When this half of a change was confirmed. */
    confirmedAt: instant(),
    /** How often a code was entered. */
    attempts: smallint().notNull().default(0),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    unique('one_time_codes_user_id_purpose_key').on(t.userId, t.purpose),
    unique('one_time_codes_link_hash_key').on(t.linkHash),
    index('one_time_codes_target_idx').on(t.target),
    index('one_time_codes_flow_state_id_idx').on(t.flowStateId),
    index('one_time_codes_expires_at_idx').on(t.expiresAt),
    check(
      'one_time_codes_purpose',
      sql`${t.purpose} in (${sql.raw(codePurposes.map((purpose) => `'${purpose}'`).join(', '))})`,
    ),
    check('one_time_codes_target_length', sql`char_length(${t.target}) between 1 and 254`),
    check('one_time_codes_code_hash_is_sha256', sql`octet_length(${t.codeHash}) = 32`),
    check('one_time_codes_link_hash_is_sha256', sql`octet_length(${t.linkHash}) = 32`),
    check('one_time_codes_attempts', sql.raw(`attempts between 0 and ${MAX_ATTEMPTS}`)),
  ],
);
