import { eq } from 'drizzle-orm';
import type { KeyEncryption } from '../crypto/key-encryption.ts';
import { signerKeyId } from '../crypto/passwords/firebase.ts';
import type { Database, Queryable } from '../db/client.ts';
import { passwordSignerKeys } from '../db/tables/keys.ts';

/** How many keys stay decrypted in memory. A gateway has one for each Firebase project from which it imported. */
const MAX_REMEMBERED = 32;

/**
 * Stores a signer key of Firebase, unless it is stored.
 * @param signerKey the key in clear; it is encrypted under the current key-encryption key
 * @returns the id by which password hashes name it
 */
export async function storeSignerKey(
  tx: Queryable,
  keyEncryption: KeyEncryption,
  signerKey: Buffer,
): Promise<string> {
  const id = signerKeyId(signerKey);
  const jwe = await keyEncryption.encrypt(signerKey.toString('base64'));
  await tx.insert(passwordSignerKeys).values({ id, jwe }).onConflictDoNothing();
  return id;
}

/** Creates a function that finds a signer key by its id; null if it is not stored. It remembers the keys that it found. */
export function createSignerKeyFinder(
  db: Database,
  keyEncryption: KeyEncryption,
): (id: string) => Promise<Buffer | null> {
  const remembered = new Map<string, Buffer>();
  return async (id) => {
    const known = remembered.get(id);
    if (known !== undefined) return known;
    const [found] = await db
      .select({ jwe: passwordSignerKeys.jwe })
      .from(passwordSignerKeys)
      .where(eq(passwordSignerKeys.id, id));
    if (found === undefined) return null;
    const signerKey = Buffer.from(await keyEncryption.decrypt(found.jwe), 'base64');
    if (remembered.size < MAX_REMEMBERED) remembered.set(id, signerKey);
    return signerKey;
  };
}
