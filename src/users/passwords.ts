import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../db/client.ts';
import { CLOCK } from '../db/clock.ts';
import { isForeignHash, passwords } from '../db/tables/users.ts';

/** Finds the hash of a person's password; null if they have no password. */
export async function findPasswordHash(db: Queryable, userId: string): Promise<string | null> {
  const [found] = await db
    .select({ hash: passwords.hash })
    .from(passwords)
    .where(eq(passwords.userId, userId));
  return found?.hash ?? null;
}

/** Finds the hash of the password by which a person may sign in; null if they have none, or it is suspended. */
export async function findSignInPasswordHash(db: Queryable, userId: string): Promise<string | null> {
  const [found] = await db
    .select({ hash: passwords.hash })
    .from(passwords)
    .where(and(eq(passwords.userId, userId), isNull(passwords.suspendedAt)));
  return found?.hash ?? null;
}

/** How many foreign hashes are read to find one of each kind. */
const SAMPLED_HASHES = 1000;

/** Reads hashes that other systems made, at most 1,000. */
export async function sampleForeignHashes(db: Queryable): Promise<string[]> {
  const found = await db
    .select({ hash: passwords.hash })
    .from(passwords)
    .where(isForeignHash(passwords.hash))
    .orderBy(passwords.userId)
    .limit(SAMPLED_HASHES);
  return found.map(({ hash }) => hash);
}

/**
 * Replaces the hash of a password, unless the password was changed in between. Returns whether it replaced the hash.
 */
export async function replacePasswordHash(
  db: Queryable,
  input: { userId: string; from: string; to: string },
): Promise<boolean> {
  const replaced = await db
    .update(passwords)
    .set({ hash: input.to })
    .where(and(eq(passwords.userId, input.userId), eq(passwords.hash, input.from)))
    .returning({ userId: passwords.userId });
  return replaced.length > 0;
}

/**
 * Sets the password of a person who has just proven that they read the mails to their address. The password is proven
 * too.
 */
export const setProvenPassword = (
  tx: Queryable,
  { userId, hash }: { userId: string; hash: string },
): Promise<void> => setPassword(tx, { userId, hash, proven: true });

/** Sets a password in place of the former one. Only a proven one stands for the holder of the mailbox. */
export async function setPassword(
  tx: Queryable,
  { userId, hash, proven }: { userId: string; hash: string; proven: boolean },
): Promise<void> {
  const proof = { provenAt: proven ? CLOCK : null, suspendedAt: null };
  await tx
    .insert(passwords)
    // The clock, not the start of the transaction, as the trigger does for a changed password. What the person
    // requested while this statement waited then counts as older than the password.
    .values({ userId, hash, updatedAt: CLOCK, ...proof })
    .onConflictDoUpdate({ target: passwords.userId, set: { hash, ...proof } });
}

/**
 * Marks the password as proven: the holder of the mailbox stands behind it. A suspended password signs in again.
 * @param input.hash the hash of the password that the person gave; null for the stored hash
 * @returns false if the account now has another password, or no password
 */
export async function provePassword(
  tx: Transaction,
  { userId, hash }: { userId: string; hash: string | null },
): Promise<boolean> {
  const isShown = hash === null ? undefined : eq(passwords.hash, hash);
  const proven = await tx
    .update(passwords)
    .set({ provenAt: sql`coalesce(${passwords.provenAt}, ${CLOCK})`, suspendedAt: null })
    .where(and(eq(passwords.userId, userId), isShown))
    .returning({ userId: passwords.userId });
  return proven.length > 0;
}

/** Suspends the password unless it is proven. Returns whether it did so just now. */
export async function suspendUnprovenPassword(tx: Transaction, userId: string): Promise<boolean> {
  const suspended = await tx
    .update(passwords)
    .set({ suspendedAt: CLOCK })
    .where(and(eq(passwords.userId, userId), isNull(passwords.provenAt), isNull(passwords.suspendedAt)))
    .returning({ userId: passwords.userId });
  return suspended.length > 0;
}

/** Marks the password as not proven, since the account's address is another one now. The password still signs in. */
export async function unprovePassword(tx: Transaction, userId: string): Promise<void> {
  await tx
    .update(passwords)
    .set({ provenAt: null })
    .where(and(eq(passwords.userId, userId), isNotNull(passwords.provenAt)));
}

/** Tells whether a person has a password that is not proven. */
export async function hasUnprovenPassword(db: Queryable, userId: string): Promise<boolean> {
  const found = await db
    .select({ userId: passwords.userId })
    .from(passwords)
    .where(and(eq(passwords.userId, userId), isNull(passwords.provenAt)));
  return found.length > 0;
}

/** Deletes the password. The person sets a new one by a mailed link. */
export async function deletePassword(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(passwords).where(eq(passwords.userId, userId));
}

/** Finds which of these users have a password. */
export async function listPasswordHolders(db: Queryable, userIds: readonly string[]): Promise<Set<string>> {
  const found = await db
    .select({ userId: passwords.userId })
    .from(passwords)
    .where(inArray(passwords.userId, [...userIds]));
  return new Set(found.map(({ userId }) => userId));
}
