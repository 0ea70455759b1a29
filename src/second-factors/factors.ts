import { and, asc, eq, isNotNull, isNull, not, type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { v7 as uuidv7 } from 'uuid';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { deleteOldRows } from '../db/prune.ts';
import { secondFactors } from '../db/tables/second-factors.ts';
import { AuthError } from '../errors.ts';

/** How many factors a user may have at once, those that are not verified included. */
const MAX_FACTORS = 10;

/** Seconds for which a factor waits for its first code. */
const UNVERIFIED_SECONDS = 3600;

/** An authenticator app of a user, without its secret. */
export type SecondFactor = {
  id: string;
  /** Null if the user gave it no name. */
  name: string | null;
  createdAt: Date;
  updatedAt: Date;
  /** When the user first showed a code of it. Null before that: it counts for nothing then. */
  verifiedAt: Date | null;
  /** When a client last asked for a challenge of it. */
  lastChallengedAt: Date | null;
};

const columns = {
  id: secondFactors.id,
  name: secondFactors.name,
  createdAt: secondFactors.createdAt,
  updatedAt: secondFactors.updatedAt,
  verifiedAt: secondFactors.verifiedAt,
  lastChallengedAt: secondFactors.lastChallengedAt,
};

/** SQL: whether an authenticator app is verified, or may still be. */
export const isUsable: SQL = sql`(${secondFactors.verifiedAt} is not null
  or ${secondFactors.createdAt} >= now() - make_interval(secs => ${UNVERIFIED_SECONDS}))`;

/** Lists the authenticator apps of a user, the oldest first. Those that wait for their first code are included. */
export const listFactors = (db: Queryable, userId: string): Promise<SecondFactor[]> =>
  db
    .select(columns)
    .from(secondFactors)
    .where(and(eq(secondFactors.userId, userId), isUsable))
    .orderBy(asc(secondFactors.id));

/** Finds an authenticator app of a user; null if not found. */
export async function findFactor(
  db: Queryable,
  { userId, factorId }: { userId: string; factorId: string },
): Promise<SecondFactor | null> {
  const [found] = await db
    .select(columns)
    .from(secondFactors)
    .where(and(eq(secondFactors.id, factorId), eq(secondFactors.userId, userId), isUsable));
  return found ?? null;
}

/** SQL: whether a user has a verified second factor. */
export const hasSecondFactor = (userId: AnyPgColumn | SQL): SQL<boolean> => sql<boolean>`exists (
  select from ${secondFactors}
  where ${secondFactors.userId} = ${userId} and ${secondFactors.verifiedAt} is not null)`;

/** Tells whether a user has a verified second factor. */
export async function hasVerifiedFactor(db: Queryable, userId: string): Promise<boolean> {
  const found = await db
    .select({ id: secondFactors.id })
    .from(secondFactors)
    .where(and(eq(secondFactors.userId, userId), isNotNull(secondFactors.verifiedAt)))
    .limit(1);
  return found.length > 0;
}

/**
 * Stores an authenticator app that waits for its first code. The transaction has locked the account, so that the number of its
 * apps stays.
 * @param input.jwe the secret in base32, encrypted
 * @throws AuthError `too_many_factors`, `factor_name_taken` (name)
 */
export async function insertFactor(
  tx: Transaction,
  keyEncryption: KeyEncryption,
  { userId, name, jwe }: { userId: string; name: string | null; jwe: string },
): Promise<SecondFactor> {
  await tx.delete(secondFactors).where(and(eq(secondFactors.userId, userId), not(isUsable)));
  if ((await listFactors(tx, userId)).length >= MAX_FACTORS) throw new AuthError('too_many_factors');
  const values = { id: uuidv7(), userId, name, jwe, keyId: keyEncryption.currentKeyId };
  try {
    const [inserted] = await tx.insert(secondFactors).values(values).returning(columns);
    if (inserted === undefined) throw new Error('The factor was not inserted.');
    return inserted;
  } catch (error) {
    if (!violates(error, 'second_factors_user_id_name_key')) throw error;
    throw new AuthError('factor_name_taken', { attribute: 'name', cause: error });
  }
}

/** The secret of an authenticator app, encrypted. */
export type FactorSecret = { id: string; jwe: string };

/** Selects authenticator apps of a user: those that are verified or not, and only one of them if it is named. */
export type FactorSelection = { verified: boolean; factorId: string | null };

/** Selects every verified authenticator app. */
export const ALL_VERIFIED: FactorSelection = { verified: true, factorId: null };

/** Finds the encrypted secrets of a user's authenticator apps. */
export const findFactorSecrets = (
  db: Queryable,
  { userId, verified, factorId }: FactorSelection & { userId: string },
): Promise<FactorSecret[]> =>
  db
    .select({ id: secondFactors.id, jwe: secondFactors.jwe })
    .from(secondFactors)
    .where(
      and(
        eq(secondFactors.userId, userId),
        factorId === null ? undefined : eq(secondFactors.id, factorId),
        verified ? isNotNull(secondFactors.verifiedAt) : isNull(secondFactors.verifiedAt),
        isUsable,
      ),
    )
    .limit(MAX_FACTORS);

/**
 * Uses up a time step of an authenticator app, in one statement: of many attempts at once, one gets it. Every earlier step is used
 * up too. An app that waited for its first code becomes verified.
 * @param input.verified whether the app was verified when the code was matched
 * @returns false if the step was used, or the app has been verified or removed since
 */
export async function useTimeStep(
  tx: Transaction,
  { factorId, verified, step }: { factorId: string; verified: boolean; step: number },
): Promise<boolean> {
  const used = await tx
    .update(secondFactors)
    .set({
      lastStep: step,
      verifiedAt: sql`coalesce(${secondFactors.verifiedAt}, now())`,
      updatedAt: sql`now()`,
    })
    .where(
      and(
        eq(secondFactors.id, factorId),
        verified ? isNotNull(secondFactors.verifiedAt) : isNull(secondFactors.verifiedAt),
        sql`coalesce(${secondFactors.lastStep}, -1) < ${step}`,
      ),
    )
    .returning({ id: secondFactors.id });
  return used.length > 0;
}

/** Deletes the authenticator apps of a user that wait for their first code. */
export async function deleteUnverifiedFactors(tx: Transaction, userId: string): Promise<void> {
  await tx
    .delete(secondFactors)
    .where(and(eq(secondFactors.userId, userId), isNull(secondFactors.verifiedAt)));
}

/**
 * Deletes authenticator apps of a user: one, or all. The transaction has locked the account.
 * @returns those that were verified, and those that were not
 */
export async function deleteFactors(
  tx: Transaction,
  { userId, factorId }: { userId: string; factorId: string | null },
): Promise<{ id: string; verified: boolean }[]> {
  const deleted = await tx
    .delete(secondFactors)
    .where(
      and(eq(secondFactors.userId, userId), factorId === null ? undefined : eq(secondFactors.id, factorId)),
    )
    .returning({ id: secondFactors.id, verifiedAt: secondFactors.verifiedAt });
  return deleted.map(({ id, verifiedAt }) => ({ id, verified: verifiedAt !== null }));
}

/** Deletes authenticator apps whose first code never came, a bounded number each time. */
export const pruneFactors = (db: Database): Promise<void> =>
  deleteOldRows(db, { table: secondFactors, key: secondFactors.id, where: not(isUsable) });
