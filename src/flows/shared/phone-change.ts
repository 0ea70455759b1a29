import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { attemptSms } from '../../sms/limits.ts';
import type { SmsChannel } from '../../sms/message.ts';
import { findAccountDetails, setAccountDetails } from '../../users/account-details.ts';
import { findPhone, findUserByPhone, setPhone } from '../../users/phones.ts';
import type { Viewer } from './caller.ts';
import { callerCounter } from './counters.ts';
import type { Deps } from './deps.ts';
import {
  parseChannel,
  parseReachablePhone,
  requirePhones,
  sendPhoneCode,
  smsTooSoon,
} from './phone-codes.ts';

/** A change of the number that may be requested. */
export type CheckedPhone = { number: string; channel: SmsChannel };

/**
 * Checks whether a signed-in person may have another phone number. Null if it is theirs already.
 * @throws AuthError `feature_disabled` or `invalid` (phone), `invalid` (channel), `phone_taken` (phone), `rate_limited`
 */
export async function checkPhoneChange(
  deps: Deps,
  by: Viewer,
  { phone, channel: typedChannel }: { phone: string; channel: string },
): Promise<CheckedPhone | null> {
  requirePhones(deps);
  const number = parseReachablePhone(deps, phone);
  const channel = parseChannel(deps, typedChannel);
  const current = await findPhone(deps.db, by.user.id);
  if (current?.number === number && current.verifiedAt !== null) return null;
  const holder = await findUserByPhone(deps.db, number);
  if (holder !== null && holder.user.id !== by.user.id)
    throw new AuthError('phone_taken', { attribute: 'phone' });
  if (!isAutomatic(deps)) await countUserSms(deps, by);
  return { number, channel };
}

/**
 * Counts a text message that a signed-in person causes: for the person, and for the caller, who may have many accounts.
 * @throws AuthError `rate_limited`
 */
export const countUserSms = (deps: Deps, by: Viewer): Promise<void> =>
  deps.rateLimiter.consume([
    { limit: deps.config.limits.smsPerUser, subject: by.user.id },
    callerCounter(deps, by, 'sms'),
  ]);

const isAutomatic = ({ config }: Deps): boolean => config.gotrue.autoconfirm.includes('phone');

/**
 * Sends a code to the new number. The person gets the number once they give the code (confirmPhoneChange). While AUTOCONFIRM covers
 * numbers, they get it at once, as one that is not verified. The transaction has locked the account.
 * @throws AuthError `rate_limited`, `phone_taken` (phone)
 */
export async function requestPhoneChange(
  tx: Transaction,
  deps: Deps,
  by: Viewer,
  { number, channel }: CheckedPhone,
): Promise<void> {
  const userId = by.user.id;
  const event = { userId, sessionId: by.sessionId, device: by.device };
  if (isAutomatic(deps)) {
    await setPhone(tx, { userId, number, verified: false });
    const { isAnonymous } = await findAccountDetails(tx, userId);
    const provider = isAnonymous ? { provider: 'phone' } : {};
    await setAccountDetails(tx, userId, { isAnonymous: false, newPhone: null, ...provider });
    await recordSecurityEvent(tx, { action: 'phone_changed', ...event });
    return;
  }
  const retryAfterSeconds = await attemptSms(deps, { purpose: 'phone_change', number }, tx);
  if (retryAfterSeconds !== null) throw smsTooSoon(retryAfterSeconds);
  await setAccountDetails(tx, userId, { newPhone: number, phoneChangeSentAt: new Date() });
  await recordSecurityEvent(tx, { action: 'phone_change_requested', ...event });
  await sendPhoneCode(tx, deps, { to: { userId, number }, purpose: 'phone_change', channel });
}
