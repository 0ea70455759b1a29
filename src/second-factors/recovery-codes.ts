import { createHmac, randomBytes } from 'node:crypto';
import { and, count, eq } from 'drizzle-orm';
import { Secret } from 'otpauth';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import type { Queryable, Transaction } from '../db/client.ts';
import { recoveryCodeSets, recoveryCodes } from '../db/tables/second-factors.ts';

/** How many recovery codes a user gets at once. */
const CODES = 10;

/** A set of recovery codes that is not stored yet. It is made outside a transaction, since it takes some work. */
export type NewRecoveryCodes = {
  /** The codes for the user: four groups of four letters and digits, 80 random bits. */
  codes: string[];
  hashes: Buffer[];
  jwe: string;
  keyId: string;
};

/** Removes case, spaces and hyphens: a person types a code from paper. */
const canonicalCode = (typed: string): string => typed.toUpperCase().replaceAll(/[^A-Z2-7]/g, '');

const hashCode = (key: Buffer, code: string): Buffer =>
  createHmac('sha256', key).update(canonicalCode(code)).digest();

const createCode = (): string => new Secret({ size: 10 }).base32.toLowerCase().replace(/(.{4})(?=.)/g, '$1-');

/** Makes ten recovery codes, and the key under which they are hashed. The key is encrypted at rest. */
export async function createRecoveryCodes(keyEncryption: KeyEncryption): Promise<NewRecoveryCodes> {
  const key = randomBytes(32);
  const codes = Array.from({ length: CODES }, createCode);
  return {
    codes,
    hashes: codes.map((code) => hashCode(key, code)),
    jwe: await keyEncryption.encrypt(key.toString('base64')),
    keyId: keyEncryption.currentKeyId,
  };
}

/** Stores new recovery codes in place of the earlier ones. The transaction has locked the account. */
export async function replaceRecoveryCodes(
  tx: Transaction,
  { userId, created }: { userId: string; created: NewRecoveryCodes },
): Promise<void> {
  const { jwe, keyId, hashes } = created;
  await deleteRecoveryCodes(tx, userId);
  await tx.insert(recoveryCodeSets).values({ userId, jwe, keyId });
  await tx.insert(recoveryCodes).values(hashes.map((codeHash) => ({ userId, codeHash })));
}

/** Deletes the recovery codes of a user: without a second factor there is nothing to recover. */
export async function deleteRecoveryCodes(tx: Transaction, userId: string): Promise<void> {
  await tx.delete(recoveryCodeSets).where(eq(recoveryCodeSets.userId, userId));
}

/** Hashes what a user typed as a recovery code, to redeem it. Null if the user has no recovery codes. */
export async function hashTypedCode(
  db: Queryable,
  keyEncryption: KeyEncryption,
  { userId, typed }: { userId: string; typed: string },
): Promise<Buffer | null> {
  const [set] = await db
    .select({ jwe: recoveryCodeSets.jwe })
    .from(recoveryCodeSets)
    .where(eq(recoveryCodeSets.userId, userId));
  if (set === undefined) return null;
  return hashCode(Buffer.from(await keyEncryption.decrypt(set.jwe), 'base64'), typed);
}

/** Uses a recovery code up, in one statement: of many attempts at once, one gets it. Returns whether it was good. */
export async function redeemRecoveryCode(
  tx: Transaction,
  { userId, codeHash }: { userId: string; codeHash: Buffer },
): Promise<boolean> {
  const redeemed = await tx
    .delete(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.codeHash, codeHash)))
    .returning({ userId: recoveryCodes.userId });
  return redeemed.length > 0;
}

/** Tells whether a user has got recovery codes, which may all be used up. */
export async function hasRecoveryCodes(db: Queryable, userId: string): Promise<boolean> {
  const found = await db
    .select({ userId: recoveryCodeSets.userId })
    .from(recoveryCodeSets)
    .where(eq(recoveryCodeSets.userId, userId));
  return found.length > 0;
}

/** Counts the recovery codes of a user that are not used. */
export async function findRecoveryCodesLeft(db: Queryable, userId: string): Promise<number> {
  const [found] = await db
    .select({ left: count() })
    .from(recoveryCodes)
    .where(eq(recoveryCodes.userId, userId));
  return found?.left ?? 0;
}
