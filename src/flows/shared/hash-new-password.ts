import { AuthError } from '../../errors.ts';
import type { Deps } from './deps.ts';

/**
 * Hashes a new password, which `checkNewPassword` has accepted, for storing. Every way to a new password comes by here. It may
 * ask a service, so it must not run inside a transaction.
 * @returns the hash
 * @throws AuthError `leaked_password` (the attribute), `unavailable` if leaks cannot be looked up and must be, `busy`
 */
export async function hashNewPassword(
  { leakedPasswords, passwords }: Pick<Deps, 'leakedPasswords' | 'passwords'>,
  password: string,
  attribute = 'password',
): Promise<string> {
  if (await leakedPasswords.isLeaked(password))
    throw new AuthError('leaked_password', { attribute, details: { reasons: ['pwned'] } });
  return passwords.hash(password);
}
