import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { setAccountDetails } from '../../users/account-details.ts';
import { deletePassword } from '../../users/passwords.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { dropPlanted } from './drop-planted.ts';
import { retireMailed } from './end-access.ts';

/**
 * Takes from an account, whose address was never verified, all that a stranger may have set up in it, because the owner of the address
 * comes by a provider (pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022). Nothing remains by which the stranger gets in:
 * password, sessions, personal access tokens, identities, second factors, phone number, memberships, pending mails and the
 * metadata. The transaction has locked the account.
 */
export async function reclaimAccount(
  tx: Transaction,
  by: Caller,
  { user: { id: userId }, keptIdentity }: { user: User; keptIdentity: string | null },
): Promise<void> {
  const dropped = await dropPlanted(tx, by, userId, keptIdentity);
  await deletePassword(tx, userId);
  await retireMailed(tx, userId);
  await setAccountDetails(tx, userId, {
    isAnonymous: false,
    ...{ newEmail: null, emailChangeSentAt: null, newPhone: null, phoneChangeSentAt: null },
  });
  await recordSecurityEvent(tx, { action: 'account_reclaimed', userId, device: by.device, details: dropped });
}
