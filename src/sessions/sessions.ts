import { and, asc, desc, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Device, storableUserAgent } from '../audit/device.ts';
import { insertSecurityEvent } from '../audit/security-events.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/secrets.ts';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { jwks } from '../db/tables/keys.ts';
import { refreshTokens, type SessionOpener, sessions } from '../db/tables/sessions.ts';
import { type MembershipRole, memberships, teams } from '../db/tables/teams.ts';
import { passwords, users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import { insertMailJob } from '../mail/queue.ts';
import type { User } from '../users/users.ts';
import { insertWebhookJobs } from '../webhooks/queue.ts';
import type { RefreshTokens } from './refresh-token-format.ts';

export type OpenedSession = {
  sessionId: string;
  refreshToken: string;
  /** The active team: the one that the user joined first. Null if the user has no team. */
  team: { teamId: string; role: MembershipRole } | null;
  /** Seconds until the absolute end of the session. */
  secondsLeft: number;
};

/** A sign-in: the person, their device, and what they signed in with. */
export type Opening = {
  userId: string;
  device: Device;
  action: 'signup' | 'login';
  /** A checked password (with its hash), a new account's password, or a token that was mailed to the person. */
  by: { passwordHash: string } | 'new_password' | 'mailed_token';
  /** Whether the device has shown its mark: then no notice is mailed. */
  knownDevice?: boolean;
};

type OpeningDeps = { config: Pick<Config, 'sessions' | 'webhooks'>; refreshTokens: RefreshTokens };

/**
 * Opens a session with its first refresh token, in one statement. A person who has signed in on another device before gets a
 * notice by mail. The session is proven if what opens it is: a proven password, or a mailed token.
 *
 * @throws AuthError `invalid_credentials` if the person was just disabled, or their password just changed or suspended
 */
export async function openSession(
  db: Queryable,
  { config, refreshTokens: tokens }: OpeningDeps,
  { userId, device, action, by, knownDevice = false }: Opening,
): Promise<OpenedSession> {
  const sessionId = uuidv7();
  const refreshToken = tokens.first(sessionId);
  const { refreshTtlSeconds, ttlSeconds } = config.sessions;
  const openedBy: SessionOpener = by === 'mailed_token' ? by : 'password';
  const [opened] = await db.execute<{ team_id: string | null; role: MembershipRole | null }>(sql`
    with permitted as (
      ${permission(userId, by)}
    ), member as (
      select m.team_id, m.role from ${memberships} m join ${teams} t on t.id = m.team_id
      where m.user_id = (select id from permitted) order by m.created_at, m.team_id limit 1 for key share of t, m
    ), opened as (
      insert into ${sessions} (id, user_id, active_team_id, user_agent, address, expires_at, opened_by, proven_at)
      select ${sessionId}::uuid, permitted.id, (select team_id from member), ${storableUserAgent(device.userAgent)},
        ${device.address}::inet, now() + make_interval(secs => ${ttlSeconds}), ${openedBy},
        case when permitted.proven then now() end
      from permitted
      returning id
    ), recorded as (
      ${insertSecurityEvent({ action, userId, sessionId, device }, sql`opened`)}
    ), issued as (
      insert into ${refreshTokens} (token_hash, session_id, expires_at)
      select ${sha256(refreshToken)}, id,
        now() + make_interval(secs => ${Math.min(refreshTtlSeconds, ttlSeconds)}) from opened
    ), noticed as (
      ${insertMailJob({ kind: 'new_sign_in', userId, sessionId }, knownDevice ? sql`false` : isNewDevice(userId, device))}
    ), announced as (
      ${announcement({ config }, { userId, sessionId, action })}
    )
    select member.team_id, member.role, (select count(*) from noticed) as notices,
      (select count(*) from announced) as webhooks from opened
    left join member on true`);
  if (opened === undefined) throw new AuthError('invalid_credentials');
  const { team_id: teamId, role } = opened;
  const team = teamId === null || role === null ? null : { teamId, role };
  return { sessionId, refreshToken, team, secondsLeft: ttlSeconds };
}

/**
 * Locks the account until the session is inserted: a password reset, a disabling or a deletion then finds the session
 * and ends it. The statement also sees a change that came first: it reads the locked rows as they are now, not as they
 * were when the password was checked. The team is locked after the account (src/db/README.md has the order of locks).
 */
const permission = (userId: string, by: Opening['by']): SQL =>
  typeof by === 'string'
    ? sql`select u.id, ${by === 'mailed_token'}::boolean as proven from ${users} u
        where u.id = ${userId} and u.disabled_at is null for share of u`
    : sql`select u.id, p.proven_at is not null as proven from ${users} u join ${passwords} p on p.user_id = u.id
        where u.id = ${userId} and u.disabled_at is null
          and p.hash = ${by.passwordHash} and p.suspended_at is null for share of u, p`;

/** Queues the webhook of a sign-in. A sign-up has one of its own. */
const announcement = (
  deps: Pick<OpeningDeps, 'config'>,
  { userId, sessionId, action }: { userId: string; sessionId: string; action: Opening['action'] },
): SQL =>
  insertWebhookJobs(
    deps,
    { type: 'user.signed_in', data: { userId, sessionId } },
    sql`opened where ${action === 'login'}::boolean`,
  );

/**
 * True if the person has signed in before, but not with this user agent from this address. An unknown address always
 * counts as new; otherwise no sign-in through Hasura would cause a notice.
 */
const isNewDevice = (userId: string, { userAgent, address }: Device): SQL => sql`
  exists (select from opened) and exists (select from ${sessions} where user_id = ${userId})
  and not exists (
    select from ${sessions} where user_id = ${userId}
      and user_agent is not distinct from ${storableUserAgent(userAgent)}
      and address = ${address}::inet)`;

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
        // An edited expiry of a key counts at once. Hasura has checked the key of the token that it passes on.
        sql`(${sql.placeholder('keyId')}::text is null or exists (
          select from ${jwks} where ${jwks.id} = ${sql.placeholder('keyId')} and ${jwks.expiresAt} > now()))`,
      ),
    )
    .prepare('live_session'),
);

/** Finds the user of a live session. Null if the session or the token's key has ended, or the user is disabled. */
export async function findLiveSession(
  db: Database,
  input: { sessionId: string; userId: string; keyId: string | null },
): Promise<{ user: User; activeTeamId: string | null } | null> {
  const [found] = await liveSession(db).execute(input);
  return found ?? null;
}

/** Tells whether a session is neither revoked nor expired. */
export async function isSessionLive(tx: Queryable, sessionId: string): Promise<boolean> {
  const found = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`));
  return found.length > 0;
}

/**
 * Records that a live session was used just now.
 * @returns the seconds until its absolute end
 * @throws AuthError `unauthenticated` if the session has ended
 */
export async function touchSession(tx: Queryable, sessionId: string): Promise<number> {
  const [touched] = await tx
    .update(sessions)
    .set({ lastUsedAt: sql`now()` })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`))
    .returning({ secondsLeft: sql<number>`floor(extract(epoch from ${sessions.expiresAt} - now()))::int` });
  if (touched === undefined) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return touched.secondsLeft;
}

/** A session as its owner sees it. */
export type Session = Omit<typeof sessions.$inferSelect, 'revokedAt' | 'userId' | 'openedBy' | 'provenAt'>;

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

/** Lists the live sessions of a person, the last used one first; at most 100. */
export const listSessions = (db: Database, userId: string): Promise<Session[]> =>
  sessionsOfUser(db).execute({ userId });

/** Selects sessions of a person: one, all except one, or all. */
export type SessionSelection = { only: string } | { except: string } | 'all';

/**
 * Revokes live sessions of a person. The gateway refuses their tokens at once.
 * @returns the ids of the revoked sessions
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
  // Locked in the order of their ids (src/db/README.md).
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

/** Deletes sessions and refresh tokens that ended more than `keepSeconds` ago, a bounded number each time. */
export async function pruneSessions(db: Database, keepSeconds: number): Promise<void> {
  const before = sql`now() - make_interval(secs => ${keepSeconds})`;
  const hasEnded = sql`${sessions.expiresAt} < ${before} or ${sessions.revokedAt} < ${before}`;
  await deleteOldRows(db, { table: sessions, key: sessions.id, where: hasEnded });
  await deleteOldRows(db, {
    table: refreshTokens,
    key: refreshTokens.tokenHash,
    where: sql`${refreshTokens.expiresAt} < ${before}`,
  });
}
