import { sql } from 'drizzle-orm';
import { check, index, inet, integer, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from '../db/columns.ts';
import { portcullis, portcullisPrivate } from '../db/schemas.ts';
import { teams } from '../teams/tables.ts';
import { users } from '../users/tables.ts';

/** One sign-in on one device, until it is revoked or reaches its absolute end. */
export const sessions = portcullis.table(
  'sessions',
  {
    id: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    activeTeamId: uuid().references(() => teams.id, { onDelete: 'set null' }),
    userAgent: text(),
    address: inet(),
    createdAt: createdAt(),
    lastUsedAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    revokedAt: instant(),
  },
  (t) => [
    index('sessions_user_id_idx').on(t.userId),
    index('sessions_active_team_id_idx').on(t.activeTeamId),
    index('sessions_expires_at_idx').on(t.expiresAt),
    index('sessions_revoked_at_idx').on(t.revokedAt).where(sql`${t.revokedAt} is not null`),
    check('sessions_user_agent_length', sql`char_length(${t.userAgent}) <= 512`),
  ],
);

export const refreshTokens = portcullisPrivate.table(
  'refresh_tokens',
  {
    /** SHA-256 of the token. */
    tokenHash: bytea().primaryKey(),
    sessionId: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    /** How many tokens of the session came before. */
    generation: integer().notNull().default(0),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
    /** When the token was exchanged for its successor; null while it is the family's live one. */
    rotatedAt: instant(),
  },
  (t) => [
    index('refresh_tokens_session_id_idx').on(t.sessionId),
    index('refresh_tokens_expires_at_idx').on(t.expiresAt),
    check('refresh_tokens_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
  ],
);
