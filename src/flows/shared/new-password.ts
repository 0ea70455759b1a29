import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { guessCodeOf, type OneTimeCode, redeemCode } from '../../one-time-codes/one-time-codes.ts';
import { isFreshSession } from '../../sessions/freshness.ts';
import { findSessionOpener } from '../../sessions/sessions.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import { findPasswordHash } from '../../users/passwords.ts';
import type { Viewer } from './caller.ts';
import { requireCurrentPassword } from './current-password.ts';
import type { Deps } from './deps.ts';
import { hashNewPassword } from './hash-new-password.ts';
import { replacePassword } from './replace-password.ts';

export type NewPassword = {
  password: string;
  /** Empty if the person gives none. */
  currentPassword: string;
  /** The code of requestReauthentication; empty if the person gives none. */
  nonce: string;
};

/** A new password that may be set, with what the person has shown for it. */
export type CheckedPassword = {
  /** The hash of the password that the person has shown; null if they need not show one. */
  from: string | null;
  to: string;
  nonce: OneTimeCode | null;
};

/** Seconds for which a sign-in counts as recent. */
const RECENT_SECONDS = 86_400;

/**
 * Checks whether a signed-in person may set a new password as the GoTrue dialect lets them, and hashes it.
 * @throws AuthError `invalid`, `min_length`, `missing_characters`, `max_length` or `leaked_password` (password),
 * `reauthentication_needed`, `reauthentication_not_valid` (nonce), `required`, `rate_limited` or `invalid_credentials`
 * (currentPassword), `busy`, `same_password` (password)
 */
export async function checkPasswordChange(
  deps: Deps,
  by: Viewer,
  { password, currentPassword, nonce: typedNonce }: NewPassword,
): Promise<CheckedPassword> {
  checkNewPassword(password, deps.config.passwords);
  const nonce = await requireNonce(deps, by, typedNonce);
  const stored = await findPasswordHash(deps.db, by.user.id);
  const mustShow = stored !== null && (await mustShowPassword(deps, by));
  const from = mustShow ? await requireCurrentPassword(deps, by, { currentPassword }) : null;
  if (stored !== null && (await deps.passwords.verify(stored, password, by.user.id)))
    throw new AuthError('same_password', { attribute: 'password' });
  return { from, to: await hashNewPassword(deps, password), nonce };
}

/** With REQUIRE_CURRENT_PASSWORD the person shows the password, unless a code opened the session: they may have forgotten it. */
async function mustShowPassword({ config, db }: Deps, { sessionId }: Viewer): Promise<boolean> {
  if (!config.accountChanges.requireCurrentPassword) return false;
  const openedBy = sessionId === null ? null : await findSessionOpener(db, sessionId);
  return openedBy !== 'mailed_token' && openedBy !== 'phone_code';
}

async function requireNonce(
  deps: Deps,
  { user, sessionId }: Viewer,
  code: string,
): Promise<OneTimeCode | null> {
  if (!deps.config.accountChanges.requireReauthentication) return null;
  if (sessionId !== null && (await isFreshSession(deps.db, { sessionId, seconds: RECENT_SECONDS })))
    return null;
  if (code === '') throw new AuthError('reauthentication_needed');
  const guess = { userId: user.id, purpose: 'reauthentication', code } as const;
  const found = await guessCodeOf(deps.db, deps.codes, guess);
  if (found === null) throw new AuthError('reauthentication_not_valid', { attribute: 'nonce' });
  return found;
}

/**
 * Sets a checked password. The transaction has locked the account, and found the session live.
 * @throws AuthError `reauthentication_not_valid` if the code was just used, `invalid_credentials` (currentPassword) if the password was
 * just changed
 */
export async function setCheckedPassword(
  tx: Transaction,
  by: Viewer,
  { from, to, nonce }: CheckedPassword,
): Promise<void> {
  if (nonce !== null && !(await redeemCode(tx, nonce)))
    throw new AuthError('reauthentication_not_valid', { attribute: 'nonce' });
  await replacePassword(tx, by, { from, to });
}
