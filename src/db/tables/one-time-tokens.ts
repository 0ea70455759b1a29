import { sql } from 'drizzle-orm';
import { check, index, text, unique } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { ofUser } from './users.ts';

/** What a mailed token is good for; nothing else accepts it. `one-time-tokens/purposes.ts` says more of each. */
export const tokenPurposes = ['verify_email', 'reset_password', 'change_email'] as const;
export type TokenPurpose = (typeof tokenPurposes)[number];

/** One live token per person and purpose: asking for a new one retires the one before. */
export const oneTimeTokens = portcullisPrivate.table(
  'one_time_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea().primaryKey(),
    userId: ofUser(),
    purpose: text({ enum: tokenPurposes }).notNull(),
    /** The address it was sent to, which is what it proves. */
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
