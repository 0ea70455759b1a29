import { createHash } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

/** Encrypts data at rest under the key-encryption keys: JWE (RFC 7516) with AES-256-GCM key wrapping. */
export type KeyEncryption = {
  encrypt(plaintext: string): Promise<string>;
  /** @throws Error if no configured key made this JWE, or it was altered. */
  decrypt(jwe: string): Promise<string>;
  /** Tells whether one of the configured keys made this JWE. */
  canDecrypt(jwe: string): boolean;
  /** Tells whether the first key made this JWE: the key that encrypts. */
  isCurrent(jwe: string): boolean;
  /** The id of the first key, as JWEs name it. */
  readonly currentKeyId: string;
};

const idOf = (key: Uint8Array): string => createHash('sha256').update(key).digest('hex').slice(0, 16);
const kidOf = (jwe: string): string | undefined => decodeProtectedHeader(jwe).kid;

/** Creates the encryption at rest. The first key encrypts, and every key decrypts. */
export function createKeyEncryption(keys: readonly Uint8Array[]): KeyEncryption {
  const byId = new Map(keys.map((key) => [idOf(key), key]));
  const current = keys[0];
  if (current === undefined) throw new Error('The list of key-encryption keys is empty.');
  const currentId = idOf(current);
  return {
    encrypt: (plaintext) =>
      new CompactEncrypt(new TextEncoder().encode(plaintext))
        .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: currentId })
        .encrypt(current),
    async decrypt(jwe) {
      const key = byId.get(kidOf(jwe) ?? '');
      if (key === undefined) throw new Error('No configured key-encryption key fits.');
      const { plaintext } = await compactDecrypt(jwe, key, {
        keyManagementAlgorithms: ['A256GCMKW'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return new TextDecoder().decode(plaintext);
    },
    canDecrypt: (jwe) => byId.has(kidOf(jwe) ?? ''),
    isCurrent: (jwe) => kidOf(jwe) === currentId,
    currentKeyId: currentId,
  };
}
