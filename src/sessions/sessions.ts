import { and, asc, desc, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { jwks } from '../db/tables/keys.ts';
import { type AssuranceLevel, refreshTokens, type SessionOpener, sessions } from '../db/tables/sessions.ts';
import { users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import { hasSecondFactor } from '../second-factors/factors.ts';
import type { User } from '../users/users.ts';

/** SQL: whether the user of a session has a second factor that the session did not show. */
const needsSecondFactor = sql<boolean>`(${sessions.level} = 'aal1' and ${hasSecondFactor(sessions.userId)})`;

const liveSession = statement((db) =>
  db
    .select({
      user: users,
      activeTeamId: sessions.activeTeamId,
      openedBy: sessions.openedBy,
      level: sessions.level,
      needsSecondFactor,
    })
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

/** A live session: its user, and what its tokens may do. */
export type LiveSession = {
  user: User;
  activeTeamId: string | null;
  openedBy: SessionOpener;
  level: AssuranceLevel;
  /** Whether the user has a second factor that this session did not show. */
  needsSecondFactor: boolean;
};

/** Finds the user of a live session. Null if the session or the token's key has ended, or the user is disabled. */
export async function findLiveSession(
  db: Database,
  input: { sessionId: string; userId: string; keyId: string | null },
): Promise<LiveSession | null> {
  const [found] = await liveSession(db).execute(input);
  return found ?? null;
}

/** Finds the person of a session, also of one that has ended; null if not found. */
export async function findOwnerOfSession(db: Queryable, sessionId: string): Promise<string | null> {
  const [found] = await db
    .select({ userId: sessions.userId })
    .from(sessions)
    .where(eq(sessions.id, sessionId));
  return found?.userId ?? null;
}

/** Finds what opened a session; null if not found. */
export async function findSessionOpener(db: Queryable, sessionId: string): Promise<SessionOpener | null> {
  const [found] = await db
    .select({ openedBy: sessions.openedBy })
    .from(sessions)
    .where(eq(sessions.id, sessionId));
  return found?.openedBy ?? null;
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
 * Checks in the transaction of a change that the session that asks for it has not just ended. A token that names no session passes.
 * @throws AuthError `unauthenticated`
 */
export async function requireLiveSession(tx: Queryable, sessionId: string | null): Promise<void> {
  if (sessionId !== null) await requireSession(tx, sessionId);
}

/**
 * The same for a change that only a session may ask for.
 * @returns the id of the session
 * @throws AuthError `unauthenticated`
 */
export async function requireSession(tx: Queryable, sessionId: string | null): Promise<string> {
  if (sessionId === null || !(await isSessionLive(tx, sessionId)))
    throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return sessionId;
}

/**
 * Records that a live session was used just now.
 * @returns the seconds until its absolute end; null if the session has ended
 */
export async function touchIfLive(tx: Queryable, sessionId: string): Promise<number | null> {
  const [touched] = await tx
    .update(sessions)
    .set({ lastUsedAt: sql`now()` })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), sql`${sessions.expiresAt} > now()`))
    .returning({ secondsLeft: sql<number>`floor(extract(epoch from ${sessions.expiresAt} - now()))::int` });
  return touched?.secondsLeft ?? null;
}

/**
 * Records that a live session was used just now.
 * @returns the seconds until its absolute end
 * @throws AuthError `unauthenticated` if the session has ended
 */
export async function touchSession(tx: Queryable, sessionId: string): Promise<number> {
  const secondsLeft = await touchIfLive(tx, sessionId);
  if (secondsLeft === null) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return secondsLeft;
}

/** A session as its owner sees it. */
export type Session = Omit<
  typeof sessions.$inferSelect,
  'revokedAt' | 'userId' | 'openedBy' | 'provenAt' | 'methods' | 'level'
>;

/** Whether a session began with a sign-in. The others are those of personal access tokens. */
const isSignIn = ne(sessions.openedBy, 'access_token');

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
        isSignIn,
        isNull(sessions.revokedAt),
        sql`${sessions.expiresAt} > now()`,
      ),
    )
    .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
    .limit(100)
    .prepare('sessions_of_user'),
);

/** Lists the live sessions of a person that began with a sign-in, the last used one first; at most 100. */
export const listSessions = (db: Database, userId: string): Promise<Session[]> =>
  sessionsOfUser(db).execute({ userId });

/**
 * Selects sessions of a person: one, all, those below `aal2`, or sign-ins: all of them, or all except one. Sign-ins leave the sessions of
 * personal access tokens out: a program stays signed in if its owner logs out or changes the password.
 */
export type SessionSelection = { only: string } | { except: string } | 'sign_ins' | 'below_aal2' | 'all';

function selected(which: SessionSelection): SQL | undefined {
  if (which === 'all') return undefined;
  if (which === 'sign_ins') return isSignIn;
  if (which === 'below_aal2') return eq(sessions.level, 'aal1');
  return 'only' in which ? eq(sessions.id, which.only) : and(isSignIn, ne(sessions.id, which.except));
}

/**
 * Revokes live sessions of a person. The gateway refuses their tokens at once.
 * @returns the ids of the revoked sessions
 */
export async function revokeSessions(
  tx: Queryable,
  { userId, which }: { userId: string; which: SessionSelection },
): Promise<string[]> {
  const live = and(
    eq(sessions.userId, userId),
    isNull(sessions.revokedAt),
    sql`${sessions.expiresAt} > now()`,
    selected(which),
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
