import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, hasNameLength, instant, updatedAt } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { sessions } from './sessions.ts';
import { ofUser } from './users.ts';

/** A secret that is encrypted as a JWE, and the id of the key-encryption key that encrypted it. */
const encrypted = { jwe: text().notNull(), keyId: text().notNull() };

/** The authenticator apps of users (TOTP, RFC 6238). */
export const secondFactors = portcullisPrivate.table(
  'second_factors',
  {
    id: uuid().primaryKey(),
    userId: ofUser(),
    /** The name that the user gave it. */
    name: text(),
    ...encrypted,
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** When the user first showed a code of it. Before that it counts for nothing. */
    verifiedAt: instant(),
    /** The time step of the last code that was used. A code of this step or an earlier one is refused. */
    lastStep: integer(),
    lastChallengedAt: instant(),
  },
  (t) => [
    unique('second_factors_user_id_name_key').on(t.userId, t.name),
    index('second_factors_user_id_verified_idx').on(t.userId).where(sql`${t.verifiedAt} is not null`),
    index('second_factors_unverified_idx').on(t.createdAt).where(sql`${t.verifiedAt} is null`),
    index('second_factors_key_id_idx').on(t.keyId),
    check('second_factors_name_length', hasNameLength(t.name)),
  ],
);

/** A session's announcement that it will show a code of a factor. It is used up by the right code. */
export const secondFactorChallenges = portcullisPrivate.table(
  'second_factor_challenges',
  {
    id: uuid().primaryKey(),
    factorId: uuid()
      .notNull()
      .references(() => secondFactors.id, { onDelete: 'cascade' }),
    sessionId: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    index('second_factor_challenges_factor_id_idx').on(t.factorId),
    index('second_factor_challenges_session_id_idx').on(t.sessionId),
    index('second_factor_challenges_expires_at_idx').on(t.expiresAt),
  ],
);

/** The key under which the recovery codes of a user are hashed. */
export const recoveryCodeSets = portcullisPrivate.table(
  'recovery_code_sets',
  {
    userId: ofUser().primaryKey(),
    ...encrypted,
    createdAt: createdAt(),
  },
  (t) => [index('recovery_code_sets_key_id_idx').on(t.keyId)],
);

/** The unused recovery codes of users. */
export const recoveryCodes = portcullisPrivate.table(
  'recovery_codes',
  {
    userId: uuid()
      .notNull()
      .references(() => recoveryCodeSets.userId, { onDelete: 'cascade' }),
    /** HMAC-SHA-256 of the code under the key of the set. */
    codeHash: bytea().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.codeHash] }),
    check('recovery_codes_hash_length', sql`octet_length(${t.codeHash}) = 32`),
  ],
);
