import { sql } from 'drizzle-orm';
import { check, index, inet, integer, jsonb, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, createdAt, instant } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';
import { teams } from './teams.ts';
import { ofUser } from './users.ts';

/** What opened a session. */
export const sessionOpeners = [
  ...(['password', 'mailed_token', 'access_token'] as const),
  ...(['phone_code', 'provider', 'anonymous'] as const),
] as const;
export type SessionOpener = (typeof sessionOpeners)[number];

/** How strongly the person of a session is authenticated: by one factor, or by two (NIST SP 800-63B). */
export const assuranceLevels = ['aal1', 'aal2'] as const;
export type AssuranceLevel = (typeof assuranceLevels)[number];

/** A way in which the person of a session has authenticated, as GoTrue names it, and when, in seconds since 1970. */
export type UsedMethod = { method: string; timestamp: number; provider?: string };

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
    /**
     * What opened it: a password, a token or code that was mailed, the creation of a personal access token, a code sent to a phone,
     * a provider, or nothing (an anonymous user).
     */
    openedBy: text({ enum: sessionOpeners }).notNull().default('password'),
    /** The ways in which the person has authenticated, the last one first. Empty for a session of an earlier version. */
    methods: jsonb().$type<UsedMethod[]>().notNull().default([]),
    level: text({ enum: assuranceLevels }).notNull().default('aal1'),
    /** When the holder of the mailbox confirmed it; null if a stranger may have opened it. */
    provenAt: instant(),
  },
  (t) => [
    index('sessions_user_id_idx').on(t.userId),
    index('sessions_active_team_id_idx').on(t.activeTeamId),
    index('sessions_expires_at_idx').on(t.expiresAt),
    index('sessions_revoked_at_idx').on(t.revokedAt).where(sql`${t.revokedAt} is not null`),
    check('sessions_user_agent_length', sql`char_length(${t.userAgent}) <= 512`),
    check(
      'sessions_opened_by',
      sql`${t.openedBy} in (${sql.raw(sessionOpeners.map((opener) => `'${opener}'`).join(', '))})`,
    ),
    check(
      'sessions_methods',
      sql`jsonb_typeof(${t.methods}) = 'array' and jsonb_array_length(${t.methods}) <= 20`,
    ),
    check('sessions_level', sql`${t.level} in ('aal1', 'aal2')`),
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
