import { eq, sql } from 'drizzle-orm';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Transaction } from '../db/client.ts';
import { identities } from '../db/tables/identities.ts';
import { phones } from '../db/tables/phones.ts';
import { setAccountDetails } from './account-details.ts';
import { deletePassword } from './passwords.ts';

/** No mailbox has this domain (RFC 6761 6.4). */
const DOMAIN = 'deleted.invalid';
const EMAIL_LENGTH = 32;
const PHONE_LENGTH = 15;
const PSEUDONYM = new RegExp(
  `^(?<email>[0-9a-f]{${EMAIL_LENGTH}})\\.(?<phone>[0-9a-f]{${PHONE_LENGTH}})@${DOMAIN.replace('.', '\\.')}$`,
);

/**
 * Makes the address of an account that was deleted but keeps its row. It holds keyed hashes of the former address and number: only
 * the gateway can tell whether a given address was that of the account.
 * @param keys the key-encryption keys, the current one first
 */
export function pseudonymOf(
  keys: readonly Uint8Array[],
  { userId, email, phone }: { userId: string; email: string | null; phone: string | null },
): string {
  const deriver = createSecretDeriver(keys, 'pseudonym of a deleted user', 'pdu');
  const hash = (text: string, length: number) =>
    sha256(deriver.derive(JSON.stringify([userId, text])))
      .toString('hex')
      .slice(0, length);
  return `${hash(email ?? '', EMAIL_LENGTH)}.${hash(phone ?? '', PHONE_LENGTH)}@${DOMAIN}`;
}

/** Reads the hashes in the address of an account that was deleted but keeps its row; null for any other address. */
export function readPseudonym(address: string | null): { email: string; phone: string } | null {
  const parts = PSEUDONYM.exec(address ?? '')?.groups;
  if (parts === undefined) return null;
  const { email = '', phone = '' } = parts;
  return { email, phone };
}

/**
 * Deletes what an account knows of its user: password, number, identities, metadata. The row stays. The transaction has locked the
 * account.
 */
export async function forgetUser(tx: Transaction, userId: string): Promise<void> {
  await deletePassword(tx, userId);
  await tx.delete(phones).where(eq(phones.userId, userId));
  await tx.delete(identities).where(eq(identities.userId, userId));
  await setAccountDetails(tx, userId, {
    ...{ userMetadata: {}, appMetadata: {}, role: null, provider: null, isAnonymous: false },
    ...{ newEmail: null, newPhone: null, bannedUntil: null },
    deletedAt: sql`now()`,
  });
}
