import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { type OneTimeCode, redeemCode } from '../../one-time-codes/one-time-codes.ts';
import { findAccountDetails, setAccountDetails } from '../../users/account-details.ts';
import { setPhone } from '../../users/phones.ts';
import { lockUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { isPhoneTaken } from '../shared/enrol-by-phone.ts';
import { guessPhoneCode, invalidPhoneCode } from '../shared/guess-phone-code.ts';
import { type OpenedFor, openSessionFor } from '../shared/open-session.ts';

type PhoneChangeInput = TokenOptions & { phone: string; code: string };

/**
 * Gives an account the phone number to which its code was sent, as a verified one, and signs in. An anonymous user becomes a permanent
 * one. The other sessions stay. If another account got the number first, the answer is that of a wrong code. The database decides.
 *
 * @throws AuthError `required` (phone, then code), `invalid` (phone), `rate_limited`, `invalid_code` (code), `account_disabled`,
 * `no_signing_key`, `claims_failed`. The code stays good with the last two.
 */
export async function confirmPhoneChange(
  deps: Deps,
  by: Caller,
  { phone, code: typed, ...options }: PhoneChangeInput,
): Promise<SignedIn> {
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds } = options;
  const code = await guessPhoneCode(deps, by, { phone, code: typed, purpose: 'phone_change' });
  const key = await deps.signer.currentKey(ttlSeconds);
  const opened = await changePhone(deps, by, code);
  if (opened === null) throw invalidPhoneCode();
  return completeSignIn(deps, { ...opened, ...options, key, ttlSeconds });
}

const changePhone = (deps: Deps, by: Caller, code: OneTimeCode): Promise<OpenedFor | null> =>
  deps.db
    .transaction((tx) => redeem(tx, deps, by, code))
    .catch((error: unknown) => {
      if (isPhoneTaken(error)) return null;
      throw error;
    });

async function redeem(tx: Transaction, deps: Deps, by: Caller, code: OneTimeCode): Promise<OpenedFor | null> {
  const { userId, target: number } = code;
  const user = await lockUser(tx, userId);
  if (user === null || user.disabledAt !== null || !(await redeemCode(tx, code))) return null;
  const { newPhone, isAnonymous } = await findAccountDetails(tx, userId);
  if (newPhone !== number) return null;
  await setPhone(tx, { userId, number, verified: true });
  const provider = isAnonymous ? { provider: 'phone' } : {};
  await setAccountDetails(tx, userId, { newPhone: null, isAnonymous: false, ...provider });
  await recordSecurityEvent(tx, { action: 'phone_changed', userId, device: by.device });
  const opener = { opener: 'phone_code', proven: false } as const;
  return openSessionFor(tx, deps, by, { user, action: 'login', by: opener, knownDevice: true });
}
