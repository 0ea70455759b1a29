import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { findRequester } from '../../one-time-codes/one-time-codes.ts';
import { attemptSms, smsWait } from '../../sms/limits.ts';
import { findAccountDetails } from '../../users/account-details.ts';
import { findOpeningPhone, findUserByPhone } from '../../users/phones.ts';
import { lockUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { NO_ACCOUNT } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';
import { parseReachablePhone, requirePhones, sendPhoneCode, smsTooSoon } from '../shared/phone-codes.ts';

type ResendPhoneInput = {
  /** The number of the account, or the one to which a pending change leads. In any spelling of E.164. */
  phone: string;
  /** What the pending code is for: a sign-up or sign-in, or a change of the number. */
  purpose: 'sms' | 'phone_change';
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * Sends the code of a number that waits for it again. The one before stops working. The new code keeps the password if the one
 * before did. A number for which nothing is pending and an unknown one get the same answer after the same work, and no message. Without
 * SMS_PROVIDER nothing is pending for any number.
 *
 * @throws AuthError `feature_disabled` (phone), `required` or `invalid` (phone), `required` or `captcha_failed` (captchaToken),
 * `unavailable`, `rate_limited` (`details.of` is `sms` if the number or all numbers had messages)
 */
export async function resendPhoneCode(deps: Deps, by: Caller, input: ResendPhoneInput): Promise<void> {
  const { purpose, captchaToken, captchaAttribute } = input;
  requirePhones(deps);
  if (input.phone.trim() === '') throw new AuthError('required', { attribute: 'phone' });
  const number = parseReachablePhone(deps, input.phone);
  const demand = { operation: 'sms', alwaysFor: 'resend', captchaToken, captchaAttribute } as const;
  const admitted = await admitCaller(deps, by, demand);
  // AUTOCONFIRM takes numbers without a code, so none is pending.
  if (deps.config.sms.provider === 'off') return countCaller(deps, admitted);
  const due = await smsWait(deps, { purpose, number });
  if (due !== null) throw smsTooSoon(due);
  const holderId = await findHolder(deps, { purpose, number });
  await deps.db.transaction(async (tx) => {
    const wait = await attemptSms(deps, { purpose, number }, tx);
    if (wait !== null) throw smsTooSoon(wait);
    const isSent = await sendAgain(tx, deps, { userId: holderId ?? NO_ACCOUNT, purpose, number });
    const outcome = isSent ? 'success' : 'failure';
    const event = { outcome, userId: holderId, device: by.device } as const;
    await recordSecurityEvent(tx, { action: 'code_requested', ...event, details: { purpose } });
    await countCaller(deps, admitted, tx); // last, since all callers without an address wait for each other here
  });
}

type Pending = Pick<ResendPhoneInput, 'purpose'> & { number: string };

/** Finds the account for whose number, or whose new number, a code may be pending. Each number takes the same statements. */
async function findHolder({ db }: Deps, { purpose, number }: Pending): Promise<string | null> {
  const holder = await findUserByPhone(db, number);
  const requesterId = await findRequester(db, { target: number, purpose });
  return holder?.user.id ?? (purpose === 'phone_change' ? requesterId : null);
}

/** The number that waits for its code; null if none does. */
async function findWaiting(
  tx: Transaction,
  { userId, purpose }: { userId: string; purpose: Pending['purpose'] },
) {
  if (purpose === 'phone_change') return (await findAccountDetails(tx, userId)).newPhone;
  const phone = await findOpeningPhone(tx, userId);
  return phone?.verifiedAt === null && phone.opensAccount ? phone.number : null;
}

/** Returns whether a number waits for its code, which is sent again. Otherwise the same statements send nothing. */
async function sendAgain(
  tx: Transaction,
  deps: Deps,
  { userId, purpose, number }: Pending & { userId: string },
): Promise<boolean> {
  const user = await lockUser(tx, userId);
  const target = await findWaiting(tx, { userId, purpose });
  const waits = user !== null && user.disabledAt === null && target !== null;
  // The message goes to another number than the one that was counted.
  const isCounted =
    waits && (target === number || (await attemptSms(deps, { purpose, number: target }, tx)) === null);
  const to = isCounted ? { userId, number: target } : null;
  await sendPhoneCode(tx, deps, { to, purpose, channel: 'sms', keepsPassword: 'as before' });
  return to !== null;
}
