import { withoutSignerKey } from './firebase.ts';
import { readStoredHash } from './stored-hash.ts';

/** A hash of another system, as it is stored. */
export type ImportedHash = Readonly<{
  hash: string;
  /** A signer key of Firebase that was in the text. It is stored once, encrypted. */
  signerKey: Buffer | null;
}>;

/** Checks the text of another system's hash, and spells it as it is stored. @throws HashError */
export function spellImportedHash(text: string): ImportedHash {
  readStoredHash(text);
  if (text.startsWith('$fbscrypt$')) return withoutSignerKey(text);
  // Spelled as Django does. A plain argon2id hash may be one of the gateway, which would never be renewed.
  return { hash: text.startsWith('$argon2') ? `argon2${text}` : text, signerKey: null };
}
