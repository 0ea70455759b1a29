import { sql } from 'drizzle-orm';
import { check, index, jsonb, text } from 'drizzle-orm/pg-core';
import type { JWK } from 'jose';
import { createdAt, instant } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';

/** Public keys. An admin can edit `expires_at` in the Hasura console. */
export const jwks = portcullis.table(
  'jwks',
  {
    id: text().primaryKey(),
    alg: text().notNull(),
    publicJwk: jsonb().$type<JWK>().notNull(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    index('jwks_expires_at_idx').on(t.expiresAt),
    check('jwks_id_format', sql`${t.id} ~ '^jwk_[0-9a-f]{32}$'`),
    check('jwks_expires_at_is_a_date', sql`isfinite(${t.expiresAt}) and ${t.expiresAt} < '9999-01-01'`),
    check('jwks_public_half_only', sql`not (${t.publicJwk} ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])`),
  ],
);

/** Private keys, each encrypted as a JWE under a key-encryption key. */
export const privateJwks = portcullisPrivate.table('private_jwks', {
  id: text()
    .primaryKey()
    .references(() => jwks.id, { onDelete: 'cascade' }),
  jwe: text().notNull(),
});

/**
 * The keys of Firebase projects whose password hashes were imported. Each is encrypted as a JWE under a key-encryption key. The
 * hashes name their key by its id.
 */
export const passwordSignerKeys = portcullisPrivate.table(
  'password_signer_keys',
  {
    id: text().primaryKey(),
    jwe: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [check('password_signer_keys_id_format', sql`${t.id} ~ '^[0-9a-f]{32}$'`)],
);
