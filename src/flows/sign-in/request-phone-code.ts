import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { attemptSms, smsWait } from '../../sms/limits.ts';
import type { SmsChannel } from '../../sms/message.ts';
import { enqueueSms } from '../../sms/queue.ts';
import type { Metadata } from '../../users/account-details.ts';
import { type FoundByPhone, findUserByPhone } from '../../users/phones.ts';
import { lockUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import type { Deps } from '../shared/deps.ts';
import { enrolByPhone, isPhoneTaken } from '../shared/enrol-by-phone.ts';
import {
  parseChannel,
  parseReachablePhone,
  requireSms,
  sendPhoneCode,
  smsTooSoon,
} from '../shared/phone-codes.ts';

type PhoneCodeInput = {
  /** In any spelling of E.164. */
  phone: string;
  /** Whether a number without an account gets one. */
  createUser: boolean;
  /** What a new user says of themselves. */
  userMetadata?: Metadata;
  /** `sms` or `whatsapp`; empty for `sms`. */
  channel?: string;
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * Sends a code in a text message, which signs in (signInWithPhoneCode). A number without an account gets one, unless sign-up is off.
 * A number with an account, one without and a disabled account get the same answer after the same work.
 *
 * @throws AuthError `feature_disabled` (phone), `required` or `invalid` (phone), `invalid` (channel), `required` or `captcha_failed`
 * (captchaToken), `unavailable`, `rate_limited` (`details.of` is `sms` if the number or all numbers had messages); for an unknown number `otp_disabled` without `createUser`, `signup_disabled` while
 * sign-up is not open to all
 */
export async function requestPhoneCode(deps: Deps, by: Caller, input: PhoneCodeInput): Promise<void> {
  requireSms(deps);
  if (input.phone.trim() === '') throw new AuthError('required', { attribute: 'phone' });
  const number = parseReachablePhone(deps, input.phone);
  const channel = parseChannel(deps, input.channel ?? '');
  const { captchaToken, captchaAttribute } = input;
  const demand = { operation: 'sms', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  const admitted = await admitCaller(deps, by, demand);
  const wait = await smsWait(deps, { purpose: 'sms', number });
  if (wait !== null) throw smsTooSoon(wait);
  const found = await findUserByPhone(deps.db, number);
  if (found === null && !input.createUser) throw new AuthError('otp_disabled');
  if (found === null && deps.config.signup !== 'on') throw new AuthError('signup_disabled');
  const sending = deps.db.transaction(async (tx) => {
    const retryAfterSeconds = await attemptSms(deps, { purpose: 'sms', number }, tx);
    if (retryAfterSeconds !== null) throw smsTooSoon(retryAfterSeconds);
    const userMetadata = input.userMetadata ?? {};
    await sendSignInCode(tx, deps, by, { found, number, channel, userMetadata });
    await countCaller(deps, admitted, tx); // last, since all callers without an address wait for each other here
  });
  // Another request made the account at the same moment, and sends a code.
  await sending.catch((error: unknown) => {
    if (!isPhoneTaken(error)) throw error;
  });
}

async function sendSignInCode(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  input: { found: FoundByPhone | null; number: string; channel: SmsChannel; userMetadata: Metadata },
): Promise<void> {
  const { found, number, channel, userMetadata } = input;
  const user =
    found === null
      ? await enrolByPhone(tx, deps, { number, passwordHash: null, userMetadata })
      : await lockUser(tx, found.user.id);
  const isOpen = user !== null && user.disabledAt === null && (found?.opensAccount ?? true);
  const event = { userId: user?.id ?? null, device: by.device, details: { by: 'phone' } };
  await recordSecurityEvent(tx, {
    action: 'code_requested',
    outcome: isOpen ? 'success' : 'failure',
    ...event,
  });
  if (user !== null && isOpen)
    await sendPhoneCode(tx, deps, { userId: user.id, purpose: 'sms', number, channel });
  else await enqueueSms(tx, { kind: 'none' });
}
