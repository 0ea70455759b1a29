import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptSms } from '../../sms/limits.ts';
import { recordSent } from '../../users/account-details.ts';
import { findPhone } from '../../users/phones.ts';
import { lockUser, type User } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import { countMail, queueCode } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';
import { countUserSms } from '../shared/phone-change.ts';
import { requireSms, sendPhoneCode, smsTooSoon } from '../shared/phone-codes.ts';

/**
 * Sends a code to the signed-in person, by which they show that they are present (`nonce` of a new password): to the address, or to the
 * phone number if they have no address. The code of an earlier request stops working.
 *
 * @throws AuthError `required` (email) if the person has neither; `email_not_verified`, `phone_not_verified`; `feature_disabled`
 * (phone) without SMS_PROVIDER; `rate_limited`, with `details.of` `mail` or `sms` if the person had a message just now
 */
export async function requestReauthentication(deps: Deps, by: Viewer): Promise<void> {
  const { user } = by;
  if (user.email !== null) return mailNonce(deps, by, { ...user, email: user.email });
  const phone = await findPhone(deps.db, user.id);
  if (phone === null)
    throw new AuthError('required', {
      attribute: 'email',
      message: 'Reauthentication requires the user to have an email or a phone number',
    });
  if (phone.verifiedAt === null && !deps.config.gotrue.autoconfirm.includes('phone'))
    throw new AuthError('phone_not_verified');
  requireSms(deps);
  await sendNonce(deps, by, phone.number);
}

async function mailNonce(
  deps: Deps,
  by: Viewer,
  { id: userId, email, emailVerifiedAt }: User & { email: string },
) {
  if (emailVerifiedAt === null && !deps.config.gotrue.autoconfirm.includes('email'))
    throw new AuthError('email_not_verified');
  await deps.db.transaction(async (tx) => {
    await lockUser(tx, userId);
    await countMail(tx, deps, 'reauthentication_code', email);
    const code = { to: { userId, email }, purpose: 'reauthentication' } as const;
    await queueCode(tx, deps, by, { ...code, redirects: [], codeChallenge: null });
  });
}

async function sendNonce(deps: Deps, by: Viewer, number: string): Promise<void> {
  const userId = by.user.id;
  await countUserSms(deps, by);
  await deps.db.transaction(async (tx) => {
    await lockUser(tx, userId);
    const wait = await attemptSms(deps, { purpose: 'reauthentication', number }, tx);
    if (wait !== null) throw smsTooSoon(wait);
    await sendPhoneCode(tx, deps, { to: { userId, number }, purpose: 'reauthentication', channel: 'sms' });
    await recordSent(tx, userId, 'reauthenticationSentAt');
    const event = { userId, sessionId: by.sessionId, device: by.device };
    await recordSecurityEvent(tx, {
      action: 'code_requested',
      ...event,
      details: { purpose: 'reauthentication' },
    });
  });
}
