import { hasVerifiedPhone } from '../../users/phones.ts';
import type { User } from '../../users/users.ts';
import type { Deps } from './deps.ts';

/**
 * Whether a person may have a session at the GoTrue dialect. An address has to be verified, unless AUTOCONFIRM covers it or a phone number
 * is verified. A person without an address has signed in by other means.
 */
export async function isConfirmed(
  { db, config }: Pick<Deps, 'db' | 'config'>,
  { id, email, emailVerifiedAt }: Pick<User, 'id' | 'email' | 'emailVerifiedAt'>,
): Promise<boolean> {
  if (email === null || emailVerifiedAt !== null) return true;
  return config.gotrue.autoconfirm.includes('email') || hasVerifiedPhone(db, id);
}
