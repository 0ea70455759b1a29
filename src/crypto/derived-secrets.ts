import { createHmac, hkdfSync } from 'node:crypto';

/**
 * Makes secrets out of other texts, the same each time, under keys that only the gateway has: a pseudo-random function
 * (HKDF, RFC 5869, for the key; HMAC-SHA256 for the secret). What it yields cannot be told from 256 random bits.
 */
export type SecretDeriver = {
  /** Under the current key. */
  derive(text: string): string;
  /** Under every configured key, the current one first: while keys are rotated, what was made before is still found. */
  deriveAll(text: string): string[];
};

/**
 * @param keys the key-encryption keys; each purpose gets a key of its own from them
 * @param purpose names what the secrets are for, so that no two uses can meet
 * @param prefix what the secrets begin with, for secret scanners
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
      if (current === undefined) throw new Error('There is no key to derive secrets from.');
      return secretOf(current, text);
    },
    deriveAll: (text) => derived.map((key) => secretOf(key, text)),
  };
}
