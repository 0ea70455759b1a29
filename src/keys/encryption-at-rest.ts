import { and, eq, gt, ne, sql } from 'drizzle-orm';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import type { Database, Queryable } from '../db/client.ts';
import { jwks, passwordSignerKeys, privateJwks } from '../db/tables/keys.ts';
import { recoveryCodeSets, secondFactors } from '../db/tables/second-factors.ts';
import { lockKeys } from './jwks.ts';

/** The secrets of users. There may be many, so each names the key-encryption key that encrypted it. */
const secretTables = [secondFactors, recoveryCodeSets] as const;

/** How many secrets of users one transaction re-encrypts. */
const BATCH = 500;

type Deps = Readonly<{ db: Database; keyEncryption: KeyEncryption }>;

/**
 * Checks before the start that the key-encryption keys fit the stored keys.
 * @throws Error naming the variable, if an unexpired signing key, a signer key of password hashes or a second factor cannot be decrypted
 */
export async function checkKeyEncryption({ db, keyEncryption }: Deps): Promise<void> {
  const isReadable = (jwe: string) => keyEncryption.decrypt(jwe).then(Boolean, () => false);
  const signing = await db
    .select({ jwe: privateJwks.jwe })
    .from(privateJwks)
    .innerJoin(jwks, eq(jwks.id, privateJwks.id))
    .where(gt(jwks.expiresAt, sql`now()`));
  for (const { jwe } of signing)
    if (!(await isReadable(jwe)))
      throw new Error(
        'KEY_ENCRYPTION_KEYS: no key fits a stored signing key. Configure the key that encrypted it.',
      );
  for (const table of secretTables)
    for (const { jwe } of await db.selectDistinctOn([table.keyId], { jwe: table.jwe }).from(table))
      if (!(await isReadable(jwe)))
        throw new Error(
          'KEY_ENCRYPTION_KEYS: no key fits a stored second factor. Configure the key that encrypted it.',
        );
  for (const { jwe } of await db.select({ jwe: passwordSignerKeys.jwe }).from(passwordSignerKeys))
    if (!(await isReadable(jwe)))
      throw new Error(
        'KEY_ENCRYPTION_KEYS: no key fits a stored signer key of imported passwords. Configure the key that encrypted it.',
      );
}

/**
 * Re-encrypts everything stored that is not encrypted under the first key-encryption key: private signing keys, signer keys of
 * imported passwords, second factors, and the keys of recovery codes.
 * @returns how many were re-encrypted
 */
export async function reencryptKeys({ db, keyEncryption }: Deps): Promise<number> {
  let count = await db.transaction(async (tx) => {
    await lockKeys(tx);
    const signing = await reencryptTable(tx, keyEncryption, privateJwks);
    return signing + (await reencryptTable(tx, keyEncryption, passwordSignerKeys));
  });
  for (const table of secretTables)
    for (let batch = BATCH; batch === BATCH; count += batch)
      batch = await db.transaction((tx) => reencryptSecrets(tx, keyEncryption, table));
  return count;
}

/** Re-encrypts a batch of secrets of users. Returns how many: fewer than a batch if none are left. */
async function reencryptSecrets(
  tx: Queryable,
  keyEncryption: KeyEncryption,
  table: (typeof secretTables)[number],
): Promise<number> {
  const keyId = keyEncryption.currentKeyId;
  const outdated = await tx
    .select({ userId: table.userId, jwe: table.jwe })
    .from(table)
    .where(ne(table.keyId, keyId))
    .limit(BATCH)
    .for('update');
  for (const { userId, jwe } of outdated) {
    const renewed = await keyEncryption.encrypt(await keyEncryption.decrypt(jwe));
    await tx
      .update(table)
      .set({ jwe: renewed, keyId })
      .where(and(eq(table.userId, userId), eq(table.jwe, jwe)));
  }
  return outdated.length;
}

async function reencryptTable(
  tx: Queryable,
  keyEncryption: KeyEncryption,
  table: typeof privateJwks | typeof passwordSignerKeys,
): Promise<number> {
  const stored = await tx.select({ id: table.id, jwe: table.jwe }).from(table);
  // If no key decrypts a private key, it expired before an earlier rotation. checkKeyEncryption has checked the others.
  const outdated = stored.filter(({ jwe }) => !keyEncryption.isCurrent(jwe) && keyEncryption.canDecrypt(jwe));
  for (const { id, jwe } of outdated) {
    const renewed = await keyEncryption.encrypt(await keyEncryption.decrypt(jwe));
    await tx.update(table).set({ jwe: renewed }).where(eq(table.id, id));
  }
  return outdated.length;
}
