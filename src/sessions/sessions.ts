import { and, asc, desc, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { insertSecurityEvent, storableUserAgent } from '../audit/security-events.ts';
import { createSecret, sha256 } from '../crypto/secrets.ts';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import { jwks } from '../keys/tables.ts';
import { insertMailJob } from '../mail/queue.ts';
import { type MembershipRole, memberships, teams } from '../teams/tables.ts';
import { passwords, users } from '../users/tables.ts';
import type { User } from '../users/users.ts';
import { refreshTokens, sessions } from './tables.ts';

export type SessionSettings = Readonly<{ refreshTtlSeconds: number; sessionTtlSeconds: number }>;

/** The device that signs in, as far as it tells. */
export type Device = { userAgent: string | null; address: string | null };

export type OpenedSession = {
  sessionId: string;
  refreshToken: string;
  /** The active team: the one the user joined first. */
  team: { teamId: string; role: MembershipRole } | null;
};

/**
 * Opens a session with its first refresh token, in one statement. Whoever was disabled meanwhile, or has another password
 * by now than the one that was checked, gets none. Somebody who has signed in elsewhere before is told of it by mail.
 *
 * @param input `passwordHash` is the hash that the password fitted; null where something else proved who it is
 * @throws AuthError `invalid_credentials`
 */
export async function openSession(
  db: Queryable,
  settings: SessionSettings,
  input: { userId: string; device: Device; action: 'signup' | 'login'; passwordHash: string | null },
): Promise<OpenedSession> {
  const { userId, device, action, passwordHash } = input;
  const sessionId = uuidv7();
  const refreshToken = createSecret('prt');
  const { refreshTtlSeconds, sessionTtlSeconds } = settings;
  const [opened] = await db.execute<{ team_id: string | null; role: MembershipRole | null }>(sql`
    with permitted as (
      ${permission(userId, passwordHash)}
    ), member as (
      select m.team_id, m.role from ${memberships} m join ${teams} t on t.id = m.team_id
      where m.user_id = (select id from permitted) order by m.created_at, m.team_id limit 1 for key share of t, m
    ), opened as (
      insert into ${sessions} (id, user_id, active_team_id, user_agent, address, expires_at)
      select ${sessionId}::uuid, permitted.id, (select team_id from member), ${storableUserAgent(device.userAgent)},
        ${device.address}::inet, now() + make_interval(secs => ${sessionTtlSeconds})
      from permitted
      returning id
    ), recorded as (
      ${insertSecurityEvent({ action, userId, sessionId, origin: device }, sql`opened`)}
    ), issued as (
      insert into ${refreshTokens} (token_hash, session_id, expires_at)
      select ${sha256(refreshToken)}, id,
        now() + make_interval(secs => ${Math.min(refreshTtlSeconds, sessionTtlSeconds)}) from opened
    ), noticed as (
      ${insertMailJob({ kind: 'new_sign_in', userId, sessionId }, isNewDevice(userId, device))}
    )
    select member.team_id, member.role, (select count(*) from noticed) as notices from opened
    left join member on true`);
  if (opened === undefined) throw new AuthError('invalid_credentials');
  const { team_id: teamId, role } = opened;
  return { sessionId, refreshToken, team: teamId === null || role === null ? null : { teamId, role } };
}

/**
 * Locks the account against a password reset, a disabling or a deletion until the session is there for them to end. Those
 * that came first are seen: what is locked is looked at as it is then, and not as it was when the password was checked.
 * The team is locked after the account, which it asks for: see src/db/README.md for the order of locks.
 */
const permission = (userId: string, passwordHash: string | null): SQL =>
  passwordHash === null
    ? sql`select u.id from ${users} u
        where u.id = ${userId} and u.disabled_at is null for share of u`
    : sql`select u.id from ${users} u join ${passwords} p on p.user_id = u.id
        where u.id = ${userId} and u.disabled_at is null and p.hash = ${passwordHash} for share of u, p`;

/** Somebody who has signed in before, but not with this device from this address. Sessions are kept for a while. */
const isNewDevice = (userId: string, { userAgent, address }: Device): SQL => sql`
  exists (select from opened) and exists (select from ${sessions} where user_id = ${userId})
  and not exists (
    select from ${sessions} where user_id = ${userId}
      and user_agent is not distinct from ${storableUserAgent(userAgent)}
      and address is not distinct from ${address}::inet)`;

const liveSession = statement((db) =>
  db
    .select({ user: users, activeTeamId: sessions.activeTeamId })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        eq(sessions.id, sql.placeholder('sessionId')),
        eq(sessions.userId, sql.placeholder('userId')),
        isNull(sessions.revokedAt),
        isNull(users.disabledAt),
        sql`${sessions.expiresAt} > now()`,
        // The edit of a key's expiry counts from this moment on. Hasura checked the key of whoever it vouches for.
        sql`(${sql.placeholder('keyId')}::text is null or exists (
          select from ${jwks} where ${jwks.id} = ${sql.placeholder('keyId')} and ${jwks.expiresAt} > now()))`,
      ),
    )
    .prepare('live_session'),
);

/** The user of a session that is neither revoked nor over, whose user is not disabled and whose token's key is good. */
export async function findLiveSession(
  db: Database,
  input: { sessionId: string; userId: string; keyId: string | null },
): Promise<{ user: User; activeTeamId: string | null } | null> {
  const [found] = await liveSession(db).execute(input);
  return found ?? null;
}

/** Whether a session is neither revoked nor over. */
export async function isSessionLive(tx: Queryable, sessionId: string): Promise<boolean> {
  const found = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`));
  return found.length > 0;
}

/** A session as its owner sees it. */
export type Session = Omit<typeof sessions.$inferSelect, 'revokedAt' | 'userId'>;

const sessionsOfUser = statement((db) =>
  db
    .select({
      id: sessions.id,
      activeTeamId: sessions.activeTeamId,
      userAgent: sessions.userAgent,
      address: sessions.address,
      createdAt: sessions.createdAt,
      lastUsedAt: sessions.lastUsedAt,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, sql.placeholder('userId')),
        isNull(sessions.revokedAt),
        sql`${sessions.expiresAt} > now()`,
      ),
    )
    .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
    .limit(100)
    .prepare('sessions_of_user'),
);

/** The live sessions of a person, the one used last at the front; at most 100. */
export const listSessions = (db: Database, userId: string): Promise<Session[]> =>
  sessionsOfUser(db).execute({ userId });

/** Which of a person's sessions: one, all but one, or all. */
export type SessionSelection = { only: string } | { except: string } | 'all';

/**
 * Ends live sessions of a person; their tokens stop working at the gateway at once.
 * @returns the ids of the sessions that were live
 */
export async function revokeSessions(
  tx: Queryable,
  input: { userId: string; which: SessionSelection },
): Promise<string[]> {
  const { userId, which } = input;
  const selected =
    which === 'all'
      ? undefined
      : 'only' in which
        ? eq(sessions.id, which.only)
        : ne(sessions.id, which.except);
  const live = and(
    eq(sessions.userId, userId),
    isNull(sessions.revokedAt),
    sql`${sessions.expiresAt} > now()`,
    selected,
  );
  // Locked by id, as src/db/README.md has it.
  const locked = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(live)
    .orderBy(asc(sessions.id))
    .for('no key update');
  const revoked = await tx
    .update(sessions)
    .set({ revokedAt: sql`now()` })
    .where(and(live, inArray(sessions.id, locked)))
    .returning({ id: sessions.id });
  return revoked.map(({ id }) => id);
}

/** Rows one round deletes at most: a long backlog must not hold its locks for long. */
const PRUNE_BATCH = 10_000;

/** Deletes sessions that ended longer ago than given, with their refresh tokens, and expired tokens of live ones. */
export async function pruneSessions(db: Database, keepSeconds: number): Promise<void> {
  const before = sql`now() - make_interval(secs => ${keepSeconds})`;
  await db.execute(sql`
    delete from ${sessions} where id in (
      select id from ${sessions} where expires_at < ${before} or revoked_at < ${before}
      limit ${PRUNE_BATCH} for update skip locked)`);
  await db.execute(sql`
    delete from ${refreshTokens} where token_hash in (
      select token_hash from ${refreshTokens} where expires_at < ${before}
      limit ${PRUNE_BATCH} for update skip locked)`);
}
