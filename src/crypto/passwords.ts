import { argon2id, hash, needsRehash, verify } from 'argon2';
import { AuthError } from '../errors.ts';
import type { HashGate } from './hash-gate.ts';

/**
 * OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
 * @internal exported for the benchmark
 */
export const ARGON2_PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The longest password in bytes, after normalisation: hashing time must not grow with the input. */
const MAX_PASSWORD_BYTES = 1024;

/** Normalises a password to NFKC: it is the same from every keyboard and system (OWASP, NIST SP 800-63B 5.1.1.2). */
export const normalizePassword = (password: string): string => password.normalize('NFKC');

/** Tells whether a password has more than MAX_PASSWORD_BYTES after normalisation. */
export const isPasswordTooLong = (password: string): boolean =>
  // NFKC can make a text 18 times as long: the raw length is checked first.
  password.length > MAX_PASSWORD_BYTES || Buffer.byteLength(normalizePassword(password)) > MAX_PASSWORD_BYTES;

/**
 * Tells whether the password is well-formed Unicode. In UTF-8, every lone half of a surrogate pair becomes the same
 * character, so that another password would fit.
 */
export const isPasswordText = (password: string): boolean => password.isWellFormed();

export type PasswordHasher = {
  /** Hashes a password with argon2id, in PHC format. @throws AuthError `invalid` if it is not well-formed, `busy` */
  hash(password: string): Promise<string>;
  /**
   * Tells whether the password fits the hash. The hash is null for an unknown user, or one without a password. Then it does
   * the same work against a hash that no password fits: the time does not disclose which accounts exist.
   * @throws AuthError `busy`
   */
  verify(storedHash: string | null, password: string): Promise<boolean>;
  /** Tells whether the hash was made with parameters other than today's. */
  isOutdated(storedHash: string): boolean;
};

/** Creates a password hasher. Its hashes go through the gate. */
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
