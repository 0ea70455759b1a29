import { sql } from 'drizzle-orm';
import { check, index, text, unique } from 'drizzle-orm/pg-core';
import { tokenPurposes } from '../token-purposes.ts';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { ofUser } from './users.ts';

/** One live token per person and purpose. A new token replaces the one before. */
export const oneTimeTokens = portcullisPrivate.table(
  'one_time_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea().primaryKey(),
    userId: ofUser(),
    purpose: text({ enum: tokenPurposes }).notNull(),
    /** The address to which it was sent, and which it proves. */
    email: text().notNull(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    unique('one_time_tokens_user_id_purpose_key').on(t.userId, t.purpose),
    index('one_time_tokens_expires_at_idx').on(t.expiresAt),
    check('one_time_tokens_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
    check(
      'one_time_tokens_purpose',
      sql`${t.purpose} in (${sql.raw(tokenPurposes.map((purpose) => `'${purpose}'`).join(', '))})`,
    ),
  ],
);
