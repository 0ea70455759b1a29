import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { setAccountDetails } from '../../users/account-details.ts';
import { findPhone, setPhone, verifyPhone } from '../../users/phones.ts';
import { administratorOf, type Caller } from './caller.ts';
import { endAccess } from './end-access.ts';

/** What an administrator changes of a user's phone number. Null: it stays as it is. */
export type PhoneChange = {
  /** In the form of E.164. */
  phone: string | null;
  /** True marks the number as verified. */
  phoneVerified: boolean | null;
};

/**
 * Gives a user another phone number, or marks it as verified. In place of another number it ends every session, as another address
 * does. The transaction has locked the account.
 * @throws AuthError `phone_taken` (phone), `invalid` (phoneVerified) if the user has no number
 */
export async function changePhone(
  tx: Transaction,
  by: Caller,
  { userId, phone, phoneVerified }: PhoneChange & { userId: string },
): Promise<void> {
  const before = await findPhone(tx, userId);
  const verified = phoneVerified === true;
  const event = { userId, device: by.device, details: { by: administratorOf(by), verified } };
  if (phone !== null && phone !== before?.number) {
    await setPhone(tx, { userId, number: phone, verified });
    await setAccountDetails(tx, userId, { isAnonymous: false, newPhone: null });
    if (before !== null) await endAccess(tx, { userId });
    await recordSecurityEvent(tx, { ...event, action: 'phone_changed' });
    return;
  }
  if (!verified || (before !== null && before.verifiedAt !== null)) return;
  if (before === null) throw new AuthError('invalid', { attribute: 'phoneVerified' });
  await verifyPhone(tx, userId);
  await recordSecurityEvent(tx, { ...event, action: 'phone_verified' });
}
