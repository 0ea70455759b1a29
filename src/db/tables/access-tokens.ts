import { sql } from 'drizzle-orm';
import { check, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytea } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { sessions } from './sessions.ts';

/**
 * The personal access tokens of users. Each has a session of its own, opened by `access_token`, which says whose it is, when it was
 * last used and when it ends. With the session it is deleted.
 */
export const accessTokens = portcullisPrivate.table(
  'access_tokens',
  {
    sessionId: uuid()
      .primaryKey()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    /** SHA-256 of the token. */
    tokenHash: bytea().notNull(),
    /** The name that the user gave it. */
    name: text().notNull(),
    /** The roles of Hasura that it may have, as far as the user has them when it is used. */
    roles: text().array().notNull(),
  },
  (t) => [
    unique('access_tokens_token_hash_key').on(t.tokenHash),
    check('access_tokens_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
    check('access_tokens_name', sql`"portcullis"."is_name"(${t.name})`),
    check(
      'access_tokens_roles',
      sql`cardinality(${t.roles}) between 1 and 200 and array_position(${t.roles}, null) is null`,
    ),
  ],
);
