import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import {
  confirmHalf,
  isHalfConfirmed,
  type OneTimeCode,
  redeemCode,
} from '../../one-time-codes/one-time-codes.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { findAccountDetails, setAccountDetails } from '../../users/account-details.ts';
import { type User, updateUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { EmailChange } from './code-types.ts';
import { giveDefaultTeam } from './default-team.ts';
import { retireMailed } from './end-access.ts';
import { notifyFormerAddress } from './former-address.ts';
import { unproveAccess } from './prove-address.ts';

/** What a mailed code did. `half`: the other address has to confirm the change too. */
export type Redeemed = { user: User } | 'half';

const otherHalf = {
  email_change_new: 'email_change_current',
  email_change_current: 'email_change_new',
} as const satisfies Record<EmailChange, EmailChange>;

/**
 * Confirms a change of the address by a mailed code. If both addresses have to confirm, in either order, the first half changes
 * nothing. The transaction has locked the account.
 * @returns null if the code was used, replaced or retired, or has expired
 * @throws a violation of the address's constraint if another account has it (unlessEmailTaken)
 */
export async function redeemEmailChange(
  tx: Transaction,
  by: Caller,
  { user, code }: { user: User; code: OneTimeCode & { purpose: EmailChange } },
): Promise<Redeemed | null> {
  const { id: userId } = user;
  const { purpose, isHalf, target } = code;
  if (purpose === 'email_change_current' && user.email !== target) return null;
  if (isHalf && !(await isHalfConfirmed(tx, { userId, purpose: otherHalf[purpose] }))) {
    if (!(await confirmHalf(tx, code))) return null;
    const details = { purpose };
    await recordSecurityEvent(tx, {
      action: 'email_change_half_confirmed',
      userId,
      device: by.device,
      details,
    });
    return 'half';
  }
  const details = await findAccountDetails(tx, userId);
  const newEmail = purpose === 'email_change_new' ? target : details.newEmail;
  if (newEmail === null || !(await redeemCode(tx, code))) return null;
  const isConfirmedByNew = isHalf || purpose === 'email_change_new';
  return { user: await giveEmail(tx, by, { user, newEmail, isConfirmedByBoth: isHalf, isConfirmedByNew }) };
}

type NewAddress = {
  user: User;
  newEmail: string;
  isConfirmedByBoth: boolean;
  /** False if AUTOCONFIRM covers addresses and the holder of the former one alone has confirmed the change. */
  isConfirmedByNew: boolean;
};

/**
 * Gives the account its new address, as a verified one if its holder has confirmed it. If the holder of the former address has
 * confirmed it too, what was proven stays proven. Otherwise nothing is: a stranger may have made their own account ask for this
 * address. An anonymous person becomes a permanent one.
 */
async function giveEmail(
  tx: Transaction,
  by: Caller,
  { user, newEmail, isConfirmedByBoth, isConfirmedByNew }: NewAddress,
): Promise<User> {
  const { id: userId } = user;
  const changed = await updateUser(tx, userId, {
    email: newEmail,
    emailVerified: isConfirmedByNew ? 'now' : false,
  });
  if (changed === null) throw new Error('The locked user is gone.');
  await lockSessionsOf(tx, userId);
  if (!isConfirmedByBoth || user.emailVerifiedAt === null) await unproveAccess(tx, userId);
  await retireMailed(tx, userId);
  await setAccountDetails(tx, userId, { newEmail: null, isAnonymous: false });
  await recordSecurityEvent(tx, { action: 'email_changed', userId, device: by.device });
  if (isConfirmedByNew) await giveDefaultTeam(tx, by, { user });
  await notifyFormerAddress(tx, user);
  return changed;
}
