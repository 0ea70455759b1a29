import { sql } from 'drizzle-orm';
import { check, index } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/** The ID tokens that have signed a person in, until they expire: each works once. */
export const usedIdTokens = portcullisPrivate.table(
  'used_id_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea().primaryKey(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    index('used_id_tokens_expires_at_idx').on(t.expiresAt),
    check('used_id_tokens_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
  ],
);
