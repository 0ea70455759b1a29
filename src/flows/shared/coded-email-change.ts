import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { retireCodes } from '../../one-time-codes/one-time-codes.ts';
import { findAccountDetails, setAccountDetails } from '../../users/account-details.ts';
import { parseEmail } from '../../users/attributes.ts';
import { isEmailTaken, type User, updateUser } from '../../users/users.ts';
import type { Viewer } from './caller.ts';
import { type CodeReturn, countMail, queueCode } from './code-requests.ts';
import { emailTypes } from './code-types.ts';
import type { Deps } from './deps.ts';

const taken = (): AuthError => new AuthError('already_registered', { attribute: 'email' });

/**
 * Checks whether a signed-in person may change to another address, and returns its canonical form. Null if it is theirs already.
 * @throws AuthError `invalid` (email), `already_registered` (email), `rate_limited`
 */
export async function checkEmailChange(deps: Deps, by: Viewer, typed: string): Promise<string | null> {
  const email = parseEmail(typed);
  if (email === by.user.email) return null;
  await deps.rateLimiter.consume([{ limit: deps.config.limits.emailChangesPerUser, subject: by.user.id }]);
  if (await isEmailTaken(deps.db, email)) throw taken();
  return email;
}

/**
 * Mails codes for a change of the address: to the new address, and with SECURE_EMAIL_CHANGE to the present one too. Both have to be
 * confirmed then; one of them is enough while AUTOCONFIRM covers addresses. Codes of an earlier request stop working. An anonymous
 * person gets the address at once while AUTOCONFIRM covers addresses, as one that is not verified. The transaction has locked the
 * account.
 *
 * @param input.user the account as it was locked
 * @throws AuthError `rate_limited` with `details.of` `mail`; a violation of the address's constraint (unlessEmailTaken)
 */
export async function requestCodedEmailChange(
  tx: Transaction,
  deps: Deps,
  by: Viewer,
  { user, email, ...back }: CodeReturn & { user: User; email: string },
): Promise<void> {
  const { id: userId } = user;
  const isAutomatic = deps.config.gotrue.autoconfirm.includes('email');
  const details = await findAccountDetails(tx, userId);
  if (details.isAnonymous && user.email === null && isAutomatic) return giveAtOnce(tx, by, email);
  const current = deps.config.accountChanges.secureEmailChange ? user.email : null;
  await countMail(tx, deps, 'email_change_code', email);
  if (current !== null) await countMail(tx, deps, 'email_change_current_code', current);
  await retireCodes(tx, userId, emailTypes.email_change);
  await setAccountDetails(tx, userId, { newEmail: email });
  const event = { userId, sessionId: by.sessionId, device: by.device };
  await recordSecurityEvent(tx, { action: 'email_change_requested', ...event });
  const isHalf = current !== null && !isAutomatic;
  const to = { userId, email };
  await queueCode(tx, deps, by, { ...back, to, purpose: 'email_change_new', isHalf });
  if (current === null) return;
  const toCurrent = { userId, email: current };
  await queueCode(tx, deps, by, { ...back, to: toCurrent, purpose: 'email_change_current', isHalf });
}

async function giveAtOnce(tx: Transaction, by: Viewer, email: string): Promise<void> {
  const userId = by.user.id;
  await updateUser(tx, userId, { email, emailVerified: false });
  await setAccountDetails(tx, userId, { newEmail: null, isAnonymous: false, provider: 'email' });
  await recordSecurityEvent(tx, { action: 'email_changed', userId, device: by.device });
}
