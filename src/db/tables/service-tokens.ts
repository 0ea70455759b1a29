import { sql } from 'drizzle-orm';
import { check, index, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/**
 * The service tokens that the operator made, with which servers administrate the accounts. The tokens themselves are not stored: the
 * gateway signs them, and each names its row.
 */
export const serviceTokens = portcullisPrivate.table(
  'service_tokens',
  {
    id: uuid().primaryKey(),
    /** The name that the operator gave it. */
    name: text().notNull(),
    /** The claim `role` of the token. */
    role: text().notNull(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
    revokedAt: instant(),
    /** To the hour: a write for each request would be too much. Null if it was never used. */
    lastUsedAt: instant(),
  },
  (t) => [
    index('service_tokens_expires_at_idx').on(t.expiresAt),
    check('service_tokens_name', sql`"portcullis"."is_name"(${t.name})`),
    check('service_tokens_role_length', sql`char_length(${t.role}) between 1 and 255`),
    check('service_tokens_expires_later', sql`${t.expiresAt} > ${t.createdAt}`),
  ],
);
