import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { setAccountDetails } from '../../users/account-details.ts';
import { deletePassword } from '../../users/passwords.ts';
import { findOpeningPhone, verifyPhone } from '../../users/phones.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { giveDefaultTeam } from './default-team.ts';
import { dropPlantedAccess, dropPlantedFactors } from './drop-planted.ts';
import { retireMailed } from './end-access.ts';

/**
 * Records that a person has proven to have the number of an account. Anyone can sign up with a number that is not theirs, and wait for
 * its owner. So the first proof ends all sessions of the account, and everything that is pending: a change of the address would let
 * the stranger in again. Unless the code was asked for with its password, it also deletes the password, the memberships and the
 * authenticator apps. The person gets a default team unless they own one. The transaction has locked the account.
 *
 * @returns false if the account has another number now, or may not be opened by a number that is not verified
 */
export async function provePhone(
  tx: Transaction,
  by: Caller,
  { user, number, keepsPassword }: { user: User; number: string; keepsPassword: boolean },
): Promise<boolean> {
  const { id: userId } = user;
  const phone = await findOpeningPhone(tx, userId);
  if (phone?.number !== number || !phone.opensAccount) return false;
  if (phone.verifiedAt !== null) return true;
  if (keepsPassword) await revokeSessions(tx, { userId, which: 'all' });
  else {
    await dropPlantedAccess(tx, userId);
    await dropPlantedFactors(tx, by, userId);
    await deletePassword(tx, userId);
  }
  await retireMailed(tx, userId);
  await setAccountDetails(tx, userId, { newEmail: null, newPhone: null });
  await verifyPhone(tx, userId);
  await recordSecurityEvent(tx, { action: 'phone_verified', userId, device: by.device });
  await giveDefaultTeam(tx, by, { user });
  return true;
}
