import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Hashes a text with SHA-256. A text that is not well-formed is hashed as UTF-16: in UTF-8 it would equal another text. */
export const sha256 = (text: string): Buffer =>
  createHash('sha256')
    .update(text.isWellFormed() ? text : Buffer.from(text, 'utf16le'))
    .digest();

/** Makes a secret for a person or a program: a prefix (for secret scanners) and 256 random bits in base64url. */
export const createSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** Tells whether the text is one of the secrets. It compares in constant time. */
export function isOneOf(secrets: readonly string[], text: string): boolean {
  const digest = sha256(text);
  let found = false;
  for (const secret of secrets) found = timingSafeEqual(sha256(secret), digest) || found;
  return found;
}
