import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { dropKeptPassword } from '../../one-time-codes/kept-passwords.ts';
import { attemptSms, smsWait } from '../../sms/limits.ts';
import type { SmsChannel } from '../../sms/message.ts';
import type { Metadata } from '../../users/account-details.ts';
import { type FoundByPhone, findUserByPhone } from '../../users/phones.ts';
import { lockUser, type User } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import type { Deps } from '../shared/deps.ts';
import { enabledUser } from '../shared/disabling.ts';
import { enrolByPhone, isPhoneTaken } from '../shared/enrol-by-phone.ts';
import {
  isSmsTooSoon,
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
  /** Whether an unknown number that gets no account is told. Otherwise it gets the answer of a known one. */
  tellsUnknown: boolean;
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
 * A number with an account, one without and a disabled account get the same answer. They cost the same statements, except those that make
 * the account of an unknown number, and the one that looks whether a disabled account's ban has ended.
 *
 * @throws AuthError `feature_disabled` (phone), `required` or `invalid` (phone), `invalid` (channel), `required` or `captcha_failed`
 * (captchaToken), `unavailable`, `rate_limited` (`details.of` is `sms` if the number or all numbers had messages); for an unknown
 * number `otp_disabled` without `createUser` (if it is told), `signup_disabled` while sign-up is not open to all
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
  if (wait !== null) {
    // The person may now give the code of a stranger's sign-up instead, whose password they do not know.
    await dropKeptPassword(deps.db, { target: number, purpose: 'sms' });
    throw smsTooSoon(wait);
  }
  const found = await findUserByPhone(deps.db, number);
  const mayReceive =
    found === null ? input.createUser : found.opensAccount && (await enabledUser(deps, found.user)) !== null;
  const refusal = found === null ? refusalOf(deps, input) : null;
  if (refusal !== null) {
    await countCaller(deps, admitted);
    throw refusal;
  }
  const sending = deps.db.transaction(async (tx) => {
    const retryAfterSeconds = await attemptSms(deps, { purpose: 'sms', number }, tx);
    if (retryAfterSeconds !== null) throw smsTooSoon(retryAfterSeconds);
    const userMetadata = input.userMetadata ?? {};
    await sendSignInCode(tx, deps, by, { found, mayReceive, number, channel, userMetadata });
    await countCaller(deps, admitted, tx); // last, since all callers without an address wait for each other here
  });
  // Another request was faster. One that made the account sends a code.
  await sending.catch(async (error: unknown) => {
    const isTaken = isPhoneTaken(error);
    if (isTaken || isSmsTooSoon(error)) await dropKeptPassword(deps.db, { target: number, purpose: 'sms' });
    if (!isTaken) throw error;
  });
}

/** Why an unknown number gets an error; null if it does not. */
function refusalOf({ config }: Deps, { createUser, tellsUnknown }: PhoneCodeInput): AuthError | null {
  if (createUser) return config.signup === 'on' ? null : new AuthError('signup_disabled');
  return tellsUnknown ? new AuthError('otp_disabled') : null;
}

type Addressee = {
  /** Null if the number has no account yet. */
  found: FoundByPhone | null;
  mayReceive: boolean;
  number: string;
  channel: SmsChannel;
  userMetadata: Metadata;
};

/** The account of the number, locked or just made; null if it has none and gets none. */
async function accountOf(tx: Transaction, deps: Deps, input: Addressee): Promise<User | null> {
  const { found, mayReceive, number, userMetadata } = input;
  if (found !== null) return lockUser(tx, found.user.id);
  return mayReceive ? enrolByPhone(tx, deps, { number, passwordHash: null, userMetadata }) : null;
}

async function sendSignInCode(tx: Transaction, deps: Deps, by: Caller, input: Addressee): Promise<void> {
  const { mayReceive, number, channel } = input;
  const user = await accountOf(tx, deps, input);
  const isOpen = user !== null && user.disabledAt === null && mayReceive;
  const event = { userId: user?.id ?? null, device: by.device, details: { by: 'phone' } };
  await recordSecurityEvent(tx, {
    action: 'code_requested',
    outcome: isOpen ? 'success' : 'failure',
    ...event,
  });
  await sendPhoneCode(tx, deps, { to: isOpen ? { userId: user.id, number } : null, purpose: 'sms', channel });
}
