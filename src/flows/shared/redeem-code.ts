import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { type OneTimeCode, redeemCode } from '../../one-time-codes/one-time-codes.ts';
import { forgetSent } from '../../users/account-details.ts';
import { findUser, lockUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { type Redeemed, redeemEmailChange } from './change-of-email.ts';
import { isEmailChange } from './code-types.ts';
import type { Deps } from './deps.ts';
import { enabledUser } from './disabling.ts';
import { recordFailedSignIn } from './failed-sign-in.ts';
import { type MailboxProof, proveMailbox } from './prove-mailbox.ts';

/** What a person shows or sets beside a mailed code. */
export type BesideCode = Pick<MailboxProof, 'accountProof' | 'newPasswordHash' | 'disowns'>;

export const NOTHING_BESIDE: BesideCode = {
  accountProof: { by: 'nothing' },
  newPasswordHash: null,
  disowns: false,
};

/**
 * Uses a mailed code up that was found good, and does what it was mailed for. Of many attempts at once one succeeds.
 * @returns null if the code was used, replaced or retired, has expired, or proves an address that the account no longer has
 */
export async function redeemMailedCode(
  tx: Transaction,
  by: Caller,
  { code, beside }: { code: OneTimeCode; beside: BesideCode },
): Promise<Redeemed | null> {
  const user = await lockUser(tx, code.userId);
  if (user === null || user.disabledAt !== null) return null;
  const { purpose, keepsPassword } = code;
  if (isEmailChange(purpose)) return redeemEmailChange(tx, by, { user, code: { ...code, purpose } });
  if (user.email !== code.target || !(await redeemCode(tx, code))) return null;
  // Nothing waits for a confirmation any more.
  if (purpose === 'invite') await forgetSent(tx, user.id);
  return { user: await proveMailbox(tx, by, { user, keepsPassword, ...beside }) };
}

/**
 * Refuses a disabled account before its code is used up. Only the holder of a good code learns of it. A ban whose time is over is
 * lifted.
 * @throws AuthError `account_disabled`
 */
export async function requireEnabled(
  deps: Deps,
  by: Caller,
  { userId }: Pick<OneTimeCode, 'userId'>,
): Promise<void> {
  const user = await findUser(deps.db, userId);
  if (user === null || (await enabledUser(deps, user)) !== null) return;
  await recordFailedSignIn(deps, by, { userId, code: 'account_disabled' });
  throw new AuthError('account_disabled');
}
