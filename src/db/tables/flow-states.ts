import { sql } from 'drizzle-orm';
import { check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { MAX_TARGET_LENGTH } from '../../redirects/redirects.ts';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { users } from './users.ts';

/**
 * A sign-in that leaves the application and comes back: by a mailed link, or by a provider. It keeps where the person returns to, so that
 * neither a job nor a link has to be trusted with it. With PKCE it also keeps the challenge, and later the code for which the
 * client gets the tokens.
 */
export const flowStates = portcullisPrivate.table(
  'flow_states',
  {
    id: uuid().primaryKey(),
    /** Where the person returns to. It was checked against the allow list. */
    redirectTo: text().notNull(),
    /** The S256 challenge of PKCE (RFC 7636); null without PKCE. */
    codeChallenge: text(),
    /** Who has proven to be who; null until then. */
    userId: uuid().references(() => users.id, { onDelete: 'cascade' }),
    /** SHA-256 of the code that the client exchanges for tokens; null until the person has proven who they are. */
    authCodeHash: bytea(),
    /** How the person did that, as the claim `amr` names it. */
    method: text(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    uniqueIndex('flow_states_auth_code_hash_key').on(t.authCodeHash),
    index('flow_states_user_id_idx').on(t.userId),
    index('flow_states_expires_at_idx').on(t.expiresAt),
    check(
      'flow_states_redirect_length',
      sql.raw(`char_length(redirect_to) between 1 and ${MAX_TARGET_LENGTH}`),
    ),
    check('flow_states_challenge', sql`${t.codeChallenge} ~ '^[A-Za-z0-9._~-]{43,128}$'`),
    check('flow_states_hash_is_sha256', sql`octet_length(${t.authCodeHash}) = 32`),
    check('flow_states_method_length', sql`char_length(${t.method}) between 1 and 64`),
    // A code belongs to a person, to a challenge and to a method.
    check(
      'flow_states_code_complete',
      sql`${t.authCodeHash} is null or (${t.userId} is not null and ${t.codeChallenge} is not null and ${t.method} is not null)`,
    ),
  ],
);
