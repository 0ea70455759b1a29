import { and, asc, count, eq, gt, isNull, sql } from 'drizzle-orm';
import { MAX_PERSONAL_TOKENS } from '../config/groups/personal-tokens.ts';
import { createSecret, sha256 } from '../crypto/secrets.ts';
import { type Database, statement, type Transaction } from '../db/client.ts';
import { accessTokens } from '../db/tables/access-tokens.ts';
import { type AssuranceLevel, sessions } from '../db/tables/sessions.ts';
import { users } from '../db/tables/users.ts';
import type { User } from '../users/users.ts';

/** A personal access token, as its owner sees it. */
export type AccessToken = {
  /** Its id is that of its session. */
  id: string;
  name: string;
  /** The roles of Hasura that it may have. */
  roles: string[];
  createdAt: Date;
  /** Null if it was never used. */
  lastUsedAt: Date | null;
  expiresAt: Date;
};

/** A token lives as long as its session. */
const isLive = and(isNull(sessions.revokedAt), gt(sessions.expiresAt, sql`now()`));

/** Makes a personal access token: 256 random bits after a prefix that secret scanners find. Only its hash is stored. */
export const createAccessTokenSecret = (): string => createSecret('prt_pat');

/** Stores a personal access token beside its session, which the transaction has opened. */
export async function insertAccessToken(
  tx: Transaction,
  { secret, ...token }: { sessionId: string; secret: string; name: string; roles: readonly string[] },
): Promise<void> {
  await tx.insert(accessTokens).values({ ...token, roles: [...token.roles], tokenHash: sha256(secret) });
}

const tokenOfSecret = statement((db) =>
  db
    .select({ id: accessTokens.sessionId, roles: accessTokens.roles, level: sessions.level, user: users })
    .from(accessTokens)
    .innerJoin(sessions, eq(sessions.id, accessTokens.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(accessTokens.tokenHash, sql.placeholder('hash')), isLive, isNull(users.disabledAt)))
    .prepare('access_token_of_secret'),
);

/** A personal access token with its user, for a sign-in. */
export type FoundAccessToken = { id: string; roles: string[]; level: AssuranceLevel; user: User };

/** Finds a live personal access token by its secret. Null if it is unknown, revoked or expired, or the user is disabled. */
export async function findAccessToken(db: Database, secret: string): Promise<FoundAccessToken | null> {
  const [found] = await tokenOfSecret(db).execute({ hash: sha256(secret) });
  return found ?? null;
}

const tokensOfUser = statement((db) =>
  db
    .select({
      id: accessTokens.sessionId,
      name: accessTokens.name,
      roles: accessTokens.roles,
      createdAt: sessions.createdAt,
      lastUsedAt: sessions.lastUsedAt,
      expiresAt: sessions.expiresAt,
    })
    .from(accessTokens)
    .innerJoin(sessions, eq(sessions.id, accessTokens.sessionId))
    .where(and(eq(sessions.userId, sql.placeholder('userId')), isLive))
    .orderBy(asc(sessions.createdAt), asc(sessions.id))
    .limit(MAX_PERSONAL_TOKENS)
    .prepare('access_tokens_of_user'),
);

/** Lists the live personal access tokens of a user, the oldest first. */
export async function listAccessTokens(db: Database, userId: string): Promise<AccessToken[]> {
  const found = await tokensOfUser(db).execute({ userId });
  return found.map((token) => ({
    ...token,
    // The session of a token that was never used still has the time at which it was opened.
    lastUsedAt: token.lastUsedAt > token.createdAt ? token.lastUsedAt : null,
  }));
}

/** Counts the live personal access tokens of a user. The transaction has locked the user, so that the number stays. */
export async function countAccessTokens(tx: Transaction, userId: string): Promise<number> {
  const [found] = await tx
    .select({ tokens: count() })
    .from(accessTokens)
    .innerJoin(sessions, eq(sessions.id, accessTokens.sessionId))
    .where(and(eq(sessions.userId, userId), isLive));
  return found?.tokens ?? 0;
}

/**
 * Deletes a personal access token. The transaction has revoked its session.
 * @returns whether the session had a token
 */
export async function deleteAccessToken(tx: Transaction, sessionId: string): Promise<boolean> {
  const { count: deleted } = await tx.delete(accessTokens).where(eq(accessTokens.sessionId, sessionId));
  return deleted > 0;
}
