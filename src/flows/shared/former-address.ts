import type { Transaction } from '../../db/client.ts';
import { enqueueMail } from '../../mail/queue.ts';
import type { User } from '../../users/users.ts';

/**
 * Mails a notice to the address that an account had before a change, if it was verified: an account may name an address of another person.
 * @param former the account before the change
 */
export async function notifyFormerAddress(
  tx: Transaction,
  { id: userId, email: formerEmail, emailVerifiedAt }: User,
): Promise<void> {
  if (formerEmail !== null && emailVerifiedAt !== null)
    await enqueueMail(tx, { kind: 'email_changed', userId, formerEmail });
}
