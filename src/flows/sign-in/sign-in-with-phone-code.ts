import type { Transaction } from '../../db/client.ts';
import { type OneTimeCode, redeemCode } from '../../one-time-codes/one-time-codes.ts';
import { lockUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { guessPhoneCode, invalidPhoneCode } from '../shared/guess-phone-code.ts';
import { type OpenedFor, openSessionFor } from '../shared/open-session.ts';
import { provePhone } from '../shared/prove-phone.ts';

type PhoneSignInInput = TokenOptions & { phone: string; code: string };

/**
 * Signs in with a code that was sent to a phone number. It proves the number: see provePhone. It does not prove the mailbox of the
 * account. A code allows five guesses and works once. A wrong code, a used one and a number without a code get the same answer.
 *
 * @throws AuthError `required` (phone, then code), `invalid` (phone), `rate_limited`, `invalid_code` (code), `account_disabled`,
 * `no_signing_key`, `claims_failed`. The code stays good with the last two.
 */
export async function signInWithPhoneCode(
  deps: Deps,
  by: Caller,
  input: PhoneSignInInput,
): Promise<SignedIn> {
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds, phone, code: typed, ...options } = input;
  const code = await guessPhoneCode(deps, by, { phone, code: typed, purpose: 'sms' });
  // Before the code is used up: without a key to sign with, it must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const opened = await deps.db.transaction((tx) => redeem(tx, deps, by, code));
  if (opened === null) throw invalidPhoneCode();
  return completeSignIn(deps, { ...opened, key, ttlSeconds, ...options });
}

async function redeem(tx: Transaction, deps: Deps, by: Caller, code: OneTimeCode): Promise<OpenedFor | null> {
  const { userId, target: number, keepsPassword } = code;
  const user = await lockUser(tx, userId);
  if (user === null || user.disabledAt !== null || !(await redeemCode(tx, code))) return null;
  if (!(await provePhone(tx, by, { user, number, keepsPassword }))) return null;
  const opener = { opener: 'phone_code', proven: false } as const;
  return openSessionFor(tx, deps, by, { user, action: 'login', by: opener });
}
