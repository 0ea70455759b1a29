import { argon2id, hash, needsRehash, verify } from 'argon2';
import { AuthError } from '../errors.ts';
import type { HashGate } from './hash-gate.ts';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
export const ARGON2_PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Longest password in bytes, after normalisation: hashing time must not grow with the input. */
export const MAX_PASSWORD_BYTES = 1024;

/** NFKC, so that a password typed on another keyboard or system is the same password (OWASP, NIST SP 800-63B 5.1.1.2). */
export const normalizePassword = (password: string): string => password.normalize('NFKC');

/** Whether a password has more than MAX_PASSWORD_BYTES once it is normalised. */
export const isPasswordTooLong = (password: string): boolean =>
  // NFKC can grow a text up to 18-fold: look at the raw length first.
  password.length > MAX_PASSWORD_BYTES || Buffer.byteLength(normalizePassword(password)) > MAX_PASSWORD_BYTES;

/**
 * Whether the password is text that can be hashed. Halves of surrogate pairs become one and the same character when they
 * are encoded, so that another password would fit.
 */
export const isPasswordText = (password: string): boolean => password.isWellFormed();

export type PasswordHasher = {
  /** An argon2id hash in PHC format. @throws AuthError `invalid` for what is not well-formed, `busy` */
  hash(password: string): Promise<string>;
  /**
   * Whether the password fits the hash. Without a hash (an unknown user, or one without a password) the same work is
   * done against a hash that nothing fits, so that time does not tell who exists.
   * @throws AuthError `busy`
   */
  verify(storedHash: string | null, password: string): Promise<boolean>;
  /** Whether the hash was made with other parameters than today's. */
  isOutdated(storedHash: string): boolean;
};

/** Hashing through the gate. */
export async function createPasswordHasher(gate: HashGate): Promise<PasswordHasher> {
  const unmatchable = await hash(crypto.randomUUID(), ARGON2_PARAMETERS);
  return {
    async hash(password) {
      if (!isPasswordText(password)) throw new AuthError('invalid', { attribute: 'password' });
      return gate.run(() => hash(normalizePassword(password), ARGON2_PARAMETERS));
    },
    async verify(storedHash, password) {
      const isPossible = isPasswordText(password) && !isPasswordTooLong(password);
      const candidate = isPossible ? normalizePassword(password) : '';
      const fits = await gate.run(() => verify(storedHash ?? unmatchable, candidate));
      return fits && storedHash !== null && isPossible;
    },
    isOutdated: (storedHash) => needsRehash(storedHash, ARGON2_PARAMETERS),
  };
}
