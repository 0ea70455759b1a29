import { AuthError } from '../../errors.ts';
import { guessCode, type OneTimeCode } from '../../one-time-codes/one-time-codes.ts';
import { parsePhone } from '../../users/phones.ts';
import { type Caller, firstMissing } from './caller.ts';
import { callerCounter } from './counters.ts';
import type { Deps } from './deps.ts';
import { recordFailedSignIn } from './failed-sign-in.ts';
import { requireEnabled } from './redeem-code.ts';

/** The error for a code that is wrong, was used or has expired. */
export const invalidPhoneCode = (): AuthError => new AuthError('invalid_code', { attribute: 'code' });

/**
 * Checks a code that was sent to a phone number, and counts the guess: five per code, and those of the caller. It does not use the code
 * up. A wrong code, a used one and a number without a code get the same answer after the same work.
 * @throws AuthError `required` (phone, then code), `invalid` (phone), `rate_limited`, `invalid_code` (code), `account_disabled`
 */
export async function guessPhoneCode(
  deps: Deps,
  by: Caller,
  { phone, code, purpose }: { phone: string; code: string; purpose: 'sms' | 'phone_change' },
): Promise<OneTimeCode> {
  const missing = firstMissing({ phone: phone.trim(), code });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  const targets = [parsePhone(phone)];
  await deps.rateLimiter.consume([callerCounter(deps, by, 'codeGuess')]);
  const found = await guessCode(deps.db, deps.codes, { targets, purposes: [purpose], code });
  if (found === null) {
    await recordFailedSignIn(deps, by, { userId: null, code: 'invalid_code' });
    throw invalidPhoneCode();
  }
  await requireEnabled(deps, by, found);
  return found;
}
