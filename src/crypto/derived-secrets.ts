import { createHmac, hkdfSync } from 'node:crypto';

/**
 * Derives secrets from texts under keys that only the gateway has. The same text always gives the same secret. The keys come
 * from HKDF (RFC 5869), and the secrets from HMAC-SHA256, a pseudo-random function. A secret looks like 256 random bits.
 */
export type SecretDeriver = {
  /** Derives a secret under the current key. */
  derive(text: string): string;
  /**
   * Derives the secret under every configured key, the current key first. While keys are rotated, older secrets are still
   * found.
   */
  deriveAll(text: string): string[];
};

/**
 * Creates a deriver of secrets for one purpose.
 * @param keys the key-encryption keys; a separate key for the purpose is derived from each
 * @param purpose what the secrets are for, so that secrets of two purposes never match
 * @param prefix the start of every secret, for secret scanners
 */
export function createSecretDeriver(
  keys: readonly Uint8Array[],
  purpose: string,
  prefix: string,
): SecretDeriver {
  const derived = keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', `portcullis ${purpose}`, 32)));
  const secretOf = (key: Buffer, text: string) =>
    `${prefix}_${createHmac('sha256', key).update(text).digest('base64url')}`;
  return {
    derive(text) {
      const [current] = derived;
      if (current === undefined) throw new Error('The list of keys is empty.');
      return secretOf(current, text);
    },
    deriveAll: (text) => derived.map((key) => secretOf(key, text)),
  };
}
