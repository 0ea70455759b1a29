import { and, desc, eq, notInArray, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { secondFactorChallenges, secondFactors } from '../db/tables/second-factors.ts';

/** Seconds in which a code must follow its challenge. */
const CHALLENGE_SECONDS = 300;

/** How many challenges of a factor stay. A new one replaces the oldest. */
const MAX_CHALLENGES = 10;

export type Challenge = { id: string; expiresAt: Date };

/** Stores a challenge of a factor for a session, and when it was. The transaction has locked the account. */
export async function insertChallenge(
  tx: Transaction,
  { factorId, sessionId }: { factorId: string; sessionId: string },
): Promise<Challenge> {
  const [inserted] = await tx
    .insert(secondFactorChallenges)
    .values({
      ...{ id: uuidv7(), factorId, sessionId },
      expiresAt: sql`now() + make_interval(secs => ${CHALLENGE_SECONDS})`,
    })
    .returning({ id: secondFactorChallenges.id, expiresAt: secondFactorChallenges.expiresAt });
  if (inserted === undefined) throw new Error('The challenge was not inserted.');
  const newest = tx
    .select({ id: secondFactorChallenges.id })
    .from(secondFactorChallenges)
    .where(eq(secondFactorChallenges.factorId, factorId))
    .orderBy(desc(secondFactorChallenges.id))
    .limit(MAX_CHALLENGES);
  await tx
    .delete(secondFactorChallenges)
    .where(and(eq(secondFactorChallenges.factorId, factorId), notInArray(secondFactorChallenges.id, newest)));
  await tx
    .update(secondFactors)
    .set({ lastChallengedAt: sql`now()`, updatedAt: sql`now()` })
    .where(eq(secondFactors.id, factorId));
  return inserted;
}

type OwnChallenge = { challengeId: string; factorId: string; sessionId: string };

const isOwn = ({ challengeId, factorId, sessionId }: OwnChallenge) =>
  and(
    eq(secondFactorChallenges.id, challengeId),
    eq(secondFactorChallenges.factorId, factorId),
    eq(secondFactorChallenges.sessionId, sessionId),
  );

/** Tells whether a session's challenge of a factor can be answered. Null if the session does not have it. */
export async function findChallengeState(
  db: Queryable,
  challenge: OwnChallenge,
): Promise<'live' | 'expired' | null> {
  const [found] = await db
    .select({ live: sql<boolean>`${secondFactorChallenges.expiresAt} > now()` })
    .from(secondFactorChallenges)
    .where(isOwn(challenge));
  if (found === undefined) return null;
  return found.live ? 'live' : 'expired';
}

/** Uses a challenge up, in one statement: of many attempts at once, one gets it. */
export async function redeemChallenge(tx: Transaction, challenge: OwnChallenge): Promise<boolean> {
  const redeemed = await tx
    .delete(secondFactorChallenges)
    .where(and(isOwn(challenge), sql`${secondFactorChallenges.expiresAt} > now()`))
    .returning({ id: secondFactorChallenges.id });
  return redeemed.length > 0;
}

/** Deletes expired challenges, a bounded number each time. */
export const pruneChallenges = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: secondFactorChallenges,
    key: secondFactorChallenges.id,
    where: sql`${secondFactorChallenges.expiresAt} < now() - interval '1 hour'`,
  });
