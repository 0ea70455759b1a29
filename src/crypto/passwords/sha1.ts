import { createHash } from 'node:crypto';
import { normalizePassword } from './text.ts';

/** The SHA-1 hash of a password in upper-case hexadecimal, as lists of leaked passwords have it. It protects nothing. */
export const sha1Of = (password: string): string =>
  createHash('sha1').update(normalizePassword(password)).digest('hex').toUpperCase();
