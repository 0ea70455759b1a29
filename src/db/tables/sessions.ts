import { sql } from 'drizzle-orm';
import { check, index, inet, integer, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';
import { teams } from './teams.ts';
import { ofUser } from './users.ts';

/** What opened a session. */
export const sessionOpeners = ['password', 'mailed_token', 'access_token'] as const;
export type SessionOpener = (typeof sessionOpeners)[number];

/** One sign-in on one device, until it is revoked or reaches its absolute end. */
export const sessions = portcullis.table(
  'sessions',
  {
    id: uuid().primaryKey(),
    userId: ofUser(),
    activeTeamId: uuid().references(() => teams.id, { onDelete: 'set null' }),
    userAgent: text(),
    address: inet(),
    createdAt: createdAt(),
    lastUsedAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    revokedAt: instant(),
    /** What opened it: a password, a token that was mailed, or the creation of a personal access token. */
    openedBy: text({ enum: sessionOpeners }).notNull().default('password'),
    /** When the holder of the mailbox confirmed it; null if a stranger may have opened it. */
    provenAt: instant(),
  },
  (t) => [
    index('sessions_user_id_idx').on(t.userId),
    index('sessions_active_team_id_idx').on(t.activeTeamId),
    index('sessions_expires_at_idx').on(t.expiresAt),
    index('sessions_revoked_at_idx').on(t.revokedAt).where(sql`${t.revokedAt} is not null`),
    check('sessions_user_agent_length', sql`char_length(${t.userAgent}) <= 512`),
    check('sessions_opened_by', sql`${t.openedBy} in ('password', 'mailed_token', 'access_token')`),
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
    /** The number of earlier tokens of the session. */
    generation: integer().notNull().default(0),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
    /** When the token was exchanged for its successor; null for the live token of the session. */
    rotatedAt: instant(),
    /** The device that exchanged it. It distinguishes a repeat by the same device from a use by another one. */
    userAgent: text(),
    address: inet(),
  },
  (t) => [
    index('refresh_tokens_session_id_generation_idx').on(t.sessionId, t.generation),
    index('refresh_tokens_expires_at_idx').on(t.expiresAt),
    check('refresh_tokens_hash_is_sha256', sql`octet_length(${t.tokenHash}) = 32`),
  ],
);
