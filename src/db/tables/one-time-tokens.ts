import { sql } from 'drizzle-orm';
import { check, index, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { users } from './users.ts';

/** The purposes of mailed tokens. A flow accepts tokens of its purpose only. `one-time-tokens/purposes.ts` declares each. */
export const tokenPurposes = ['verify_email', 'reset_password', 'change_email'] as const;
export type TokenPurpose = (typeof tokenPurposes)[number];

/** One valid token per user and purpose: a new one replaces the one before. */
export const oneTimeTokens = portcullisPrivate.table(
  'one_time_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: text({ enum: tokenPurposes }).notNull(),
    /** The address that the token was sent to, and that it proves. */
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
