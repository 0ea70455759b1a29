import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { makeCode, requestCode } from '../../one-time-codes/one-time-codes.ts';
import type { SmsPurpose } from '../../sms/limits.ts';
import { type SmsChannel, smsChannels } from '../../sms/message.ts';
import { enqueueSms } from '../../sms/queue.ts';
import { parsePhone } from '../../users/phones.ts';
import { NO_ACCOUNT } from './code-requests.ts';
import type { Deps } from './deps.ts';

const switchedOff = (message: string): AuthError =>
  new AuthError('feature_disabled', { attribute: 'phone', message });

/** @throws AuthError `feature_disabled` (phone) without SMS_PROVIDER */
export function requireSms({ config }: Deps): void {
  if (config.sms.provider === 'off') throw switchedOff('Text messages are switched off here.');
}

/** Whether people may have phone numbers: the gateway can send codes to them, or AUTOCONFIRM asks for none. */
export const takesPhones = ({ config: { sms, gotrue } }: Pick<Deps, 'config'>): boolean =>
  sms.provider !== 'off' || gotrue.autoconfirm.includes('phone');

/** @throws AuthError `feature_disabled` (phone) without SMS_PROVIDER, unless AUTOCONFIRM covers phone numbers */
export function requirePhones(deps: Pick<Deps, 'config'>): void {
  if (!takesPhones(deps)) throw switchedOff('Phone numbers are switched off here.');
}

/**
 * Parses a number to which a message shall go, and returns it in the form of E.164.
 * @throws AuthError `invalid` on the given attribute: not a number, or of a country that gets no messages
 */
export function parseReachablePhone({ config }: Deps, typed: string, attribute = 'phone'): string {
  const number = parsePhone(typed, attribute);
  const { countries } = config.sms;
  if (countries.length > 0 && !countries.some((prefix) => number.startsWith(prefix)))
    throw new AuthError('invalid', { attribute, message: 'Numbers of this country get no messages.' });
  return number;
}

/** The error for a message that is refused because the number, or all numbers, had others. */
export const smsTooSoon = (retryAfterSeconds: number): AuthError =>
  new AuthError('rate_limited', { retryAfterSeconds, details: { of: 'sms' } });

/** Whether a message was refused because the number, or all numbers, had others. */
export const isSmsTooSoon = (error: unknown): boolean =>
  error instanceof AuthError && error.code === 'rate_limited' && error.details.of === 'sms';

/**
 * Parses the name of a channel; `sms` if it is empty.
 * @throws AuthError `invalid` (channel)
 */
export function parseChannel({ config }: Deps, typed: string): SmsChannel {
  const channel = smsChannels.find((known) => known === typed) ?? (typed === '' ? 'sms' : null);
  const { provider, twilio } = config.sms;
  const isKnown = channel === 'sms' || provider === 'test' || provider === 'webhook';
  if (channel !== null && (isKnown || twilio.whatsAppFrom !== null)) return channel;
  throw new AuthError('invalid', {
    attribute: 'channel',
    message:
      "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or Twilio Verify is used as the provider.",
  });
}

/**
 * Stores the request for a code and queues its message. A number of SMS_TEST_CODES has its code at once, and gets no message. The
 * transaction has locked the account, and has counted the message. Without a recipient the same statements store and send nothing.
 */
export async function sendPhoneCode(
  tx: Transaction,
  { config, codes }: Deps,
  request: {
    /** The account, and the number that the code proves; null for a number that gets no message. */
    to: { userId: string; number: string } | null;
    purpose: SmsPurpose;
    channel: SmsChannel;
    /** Whether the person has given the account's password with this request. */
    keepsPassword?: boolean | 'as before';
  },
): Promise<void> {
  const { to, purpose, channel, keepsPassword = false } = request;
  const { userId, number } = to ?? { userId: NO_ACCOUNT, number: '' };
  const id = await requestCode(tx, { userId, purpose, target: number, keepsPassword });
  const fixedCode = config.sms.testCodes[number];
  if (fixedCode === undefined)
    return enqueueSms(tx, to === null ? { kind: 'none' } : { kind: 'code', codeId: id, channel });
  await makeCode(tx, codes, { id, ttlSeconds: config.sms.codeTtlSeconds, hasLink: false, fixedCode });
}
