import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Different texts have different hashes: one that is not well-formed would be repaired by its encoding as UTF-8. */
export const sha256 = (text: string): Buffer =>
  createHash('sha256')
    .update(text.isWellFormed() ? text : Buffer.from(text, 'utf16le'))
    .digest();

/** A secret that a person or a program holds: a telling prefix (for secret scanners) and 256 random bits in base64url. */
export const createSecret = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** Whether the text is one of the secrets, in a time that does not depend on where they differ. */
export function isOneOf(secrets: readonly string[], text: string): boolean {
  const digest = sha256(text);
  let found = false;
  for (const secret of secrets) found = timingSafeEqual(sha256(secret), digest) || found;
  return found;
}
