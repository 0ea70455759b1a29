import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { forbidKeptPassword } from '../../one-time-codes/kept-passwords.ts';
import { newPassword } from '../../sessions/opening.ts';
import { attemptSms, smsWait } from '../../sms/limits.ts';
import type { SmsChannel } from '../../sms/message.ts';
import type { Metadata } from '../../users/account-details.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { type FoundByPhone, findUserByPhone } from '../../users/phones.ts';
import { lockUser } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { NO_ACCOUNT } from '../shared/code-requests.ts';
import type { SignedIn, TokenOptions } from '../shared/complete-sign-in.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { enrolByPhone, isPhoneTaken } from '../shared/enrol-by-phone.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import {
  isSmsTooSoon,
  parseChannel,
  parseReachablePhone,
  requirePhones,
  sendPhoneCode,
  smsTooSoon,
} from '../shared/phone-codes.ts';
import { signInNewUser } from '../shared/sign-in-new-user.ts';

export type PhoneSignUpInput = TokenOptions & {
  /** In any spelling of E.164. */
  phone: string;
  password: string;
  /** What the user says of themselves. */
  userMetadata: Metadata;
  /** `sms` or `whatsapp`; empty for `sms`. */
  channel: string;
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * What a sign-up has led to: a session; an account that waits for its code; or neither, since the number has a user. A client must not
 * learn the difference between the last two.
 */
export type PhoneSignUp =
  | { kind: 'signed_in'; signedIn: SignedIn }
  | { kind: 'waiting'; userId: string }
  | { kind: 'repeated'; number: string };

type Person = {
  number: string;
  channel: SmsChannel;
  passwordHash: string;
  /** Whether the password is that of the account which has the number and is not verified. */
  knowsPassword: boolean;
  userMetadata: Metadata;
};

/**
 * Registers a person by phone number and password, and sends a code that verifies the number. While AUTOCONFIRM covers phone numbers,
 * it signs in and sends no code; the number does not count as verified. A number whose user has not verified it gets a new code: the
 * account keeps its first password, but the code does not keep that password unless this request has the same.
 *
 * @throws AuthError `signup_disabled`, `feature_disabled` (phone), `required` (phone, then password), `invalid` (phone), `min_length`,
 * `missing_characters`, `max_length`, `invalid` or `leaked_password` (password), `invalid` (channel), `invalid` or `max_length` (data),
 * `required` or `captcha_failed` (captchaToken), `unavailable`,
 * `rate_limited`, `busy`, `claims_failed`; `phone_taken` while AUTOCONFIRM covers phone numbers
 */
export async function signUpWithPhone(deps: Deps, by: Caller, input: PhoneSignUpInput): Promise<PhoneSignUp> {
  if (deps.config.signup !== 'on') throw new AuthError('signup_disabled');
  requirePhones(deps);
  const { number, channel } = validate(deps, input);
  const { captchaToken, captchaAttribute, password, userMetadata } = input;
  const demand = { operation: 'signup', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  await countCaller(deps, await admitCaller(deps, by, demand));
  const isAutomatic = deps.config.gotrue.autoconfirm.includes('phone');
  const wait = isAutomatic ? null : await smsWait(deps, { purpose: 'sms', number });
  if (wait !== null) {
    await noteRefusedMessage(deps, { number, password });
    throw smsTooSoon(wait);
  }
  const passwordHash = await hashNewPassword(deps, password);
  const found = await findUserByPhone(deps.db, number);
  // Without an account it is the same work.
  const knowsPassword = await deps.passwords.verify(found?.passwordHash ?? null, password, found?.user.id);
  const person = { number, channel, passwordHash, knowsPassword, userMetadata };
  if (isAutomatic) {
    const enrol = (tx: Transaction) => enrolByPhone(tx, deps, { ...person, isConfirmed: true });
    return { kind: 'signed_in', signedIn: await signInNewUser(deps, by, input, { by: newPassword, enrol }) };
  }
  const enrolling = deps.db.transaction(async (tx) => {
    const retryAfterSeconds = await attemptSms(deps, { purpose: 'sms', number }, tx);
    if (retryAfterSeconds !== null) throw smsTooSoon(retryAfterSeconds);
    const enrolled = await enrol(tx, deps, by, { person, found });
    await deps.rateLimiter.consume([callerCounter(deps, by, 'sms')], tx);
    return enrolled;
  });
  return enrolling.catch(async (error: unknown) => {
    // Another sign-up was faster.
    const isTaken = isPhoneTaken(error);
    if (isTaken || isSmsTooSoon(error)) await noteRefusedMessage(deps, { number, password });
    if (isTaken) return { kind: 'repeated', number };
    throw error;
  });
}

/**
 * Notes a sign-up of a number that had a message just now. The person may give the code of that message: it keeps no password that they do
 * not know, which may be a stranger's. A number without a user costs the same.
 */
async function noteRefusedMessage(
  deps: Deps,
  { number, password }: { number: string; password: string },
): Promise<void> {
  const found = await findUserByPhone(deps.db, number);
  const knows = await deps.passwords.verify(found?.passwordHash ?? null, password, found?.user.id);
  const userId = found === null || knows ? NO_ACCOUNT : found.user.id;
  await forbidKeptPassword(deps.db, { userId, purpose: 'sms', target: number });
}

function validate(deps: Deps, { phone, password, channel, userMetadata }: PhoneSignUpInput) {
  const missing = firstMissing({ phone: phone.trim(), password });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  const number = parseReachablePhone(deps, phone);
  checkNewPassword(password, deps.config.passwords);
  parseMetadata(userMetadata, 'data');
  return { number, channel: parseChannel(deps, channel) };
}

async function enrol(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { person, found }: { person: Person; found: FoundByPhone | null },
): Promise<PhoneSignUp> {
  const { number, channel, knowsPassword } = person;
  if (found === null) {
    const { id: userId } = await enrolByPhone(tx, deps, person);
    await recordSecurityEvent(tx, { action: 'signup', userId, device: by.device });
    await sendPhoneCode(tx, deps, { to: { userId, number }, purpose: 'sms', channel, keepsPassword: true });
    return { kind: 'waiting', userId };
  }
  const user = await lockUser(tx, found.user.id);
  const event = { action: 'signup', outcome: 'failure', userId: found.user.id, device: by.device } as const;
  await recordSecurityEvent(tx, event);
  const waits = !found.verified && found.opensAccount && user !== null && user.disabledAt === null;
  const to = waits ? { userId: user.id, number } : null;
  await sendPhoneCode(tx, deps, { to, purpose: 'sms', channel, keepsPassword: knowsPassword });
  return waits ? { kind: 'waiting', userId: user.id } : { kind: 'repeated', number };
}
