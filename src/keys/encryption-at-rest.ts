import { eq, gt, sql } from 'drizzle-orm';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import type { Database, Queryable } from '../db/client.ts';
import { jwks, passwordSignerKeys, privateJwks } from '../db/tables/keys.ts';
import { lockKeys } from './jwks.ts';

type Deps = Readonly<{ db: Database; keyEncryption: KeyEncryption }>;

/**
 * Checks before the start that the key-encryption keys fit the stored keys.
 * @throws Error naming the variable, if an unexpired signing key or a signer key of password hashes cannot be decrypted
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
  for (const { jwe } of await db.select({ jwe: passwordSignerKeys.jwe }).from(passwordSignerKeys))
    if (!(await isReadable(jwe)))
      throw new Error(
        'KEY_ENCRYPTION_KEYS: no key fits a stored signer key of imported passwords. Configure the key that encrypted it.',
      );
}

/**
 * Re-encrypts every stored key that is not encrypted under the first key-encryption key: private signing keys, and signer keys of
 * imported passwords.
 * @returns how many were re-encrypted
 */
export async function reencryptKeys({ db, keyEncryption }: Deps): Promise<number> {
  return db.transaction(async (tx) => {
    await lockKeys(tx);
    const tables = [privateJwks, passwordSignerKeys];
    let count = 0;
    for (const table of tables) count += await reencryptTable(tx, keyEncryption, table);
    return count;
  });
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
