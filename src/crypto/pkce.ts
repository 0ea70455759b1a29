import { createHash } from 'node:crypto';

/** Returns the S256 challenge of a verifier (RFC 7636 4.6). */
export const challengeOf = (codeVerifier: string): string =>
  createHash('sha256').update(codeVerifier).digest('base64url');
