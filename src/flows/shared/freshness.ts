import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { guessCodeOf, type OneTimeCode, redeemCode } from '../../one-time-codes/one-time-codes.ts';
import { isFreshSession } from '../../sessions/freshness.ts';
import { isSessionLive } from '../../sessions/sessions.ts';
import { findSignInPasswordHash } from '../../users/passwords.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from './caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from './current-password.ts';
import type { Deps } from './deps.ts';
import { requireStepUp } from './step-up.ts';

export type FreshnessInput = {
  /** Empty if the account has no password. */
  currentPassword: string;
  /** A code of requestReauthentication, in place of a password that the account does not have. Empty if none is given. */
  code: string;
};

/** What the person has shown. */
export type Freshness = {
  /** The hash that the password fits; null if the account has no password. */
  passwordHash: string | null;
  /** The code that the person has shown; null if the sign-in is fresh, or the password was shown. */
  code: OneTimeCode | null;
};

/**
 * Checks that the person themselves asks for a change that cannot be undone. A stolen token, or a device that was left open, is not
 * enough. They show the password of the account. If it has none, they must have signed in within the last FRESH_SIGN_IN seconds: by a
 * provider, a mailed code or a phone code. Or they show a code that was sent to them (requestReauthentication). A second factor that the
 * account has must have been shown, too, however long ago.
 *
 * @throws AuthError `second_factor_required`; `required`, `rate_limited`, `busy`, `invalid_credentials` (currentPassword);
 * `reauthentication_needed` if the account has no password and the sign-in is not fresh, `reauthentication_not_valid` (code)
 */
export async function requireFreshness(
  deps: Deps,
  by: Viewer,
  { currentPassword, code }: FreshnessInput,
): Promise<Freshness> {
  requireStepUp(by);
  const { user } = by;
  if (currentPassword !== '' || (await findSignInPasswordHash(deps.db, user.id)) !== null)
    return { passwordHash: await requireCurrentPassword(deps, by, { currentPassword }), code: null };
  if (await isFresh(deps, by)) return { passwordHash: null, code: null };
  if (code === '') throw reauthenticationNeeded();
  const guess = { userId: user.id, purpose: 'reauthentication', code } as const;
  const found = await guessCodeOf(deps.db, deps.codes, guess);
  if (found === null) throw wrongCode();
  return { passwordHash: null, code: found };
}

const reauthenticationNeeded = (): AuthError =>
  new AuthError('reauthentication_needed', { message: 'Sign in again to do this, or show a code.' });

const wrongCode = (): AuthError =>
  new AuthError('reauthentication_not_valid', {
    attribute: 'code',
    message: 'This code is wrong, was used or has expired.',
  });

/**
 * The same for a change that can be undone. A fresh sign-in is enough, also if the account has a password.
 * @returns what the person has shown; null if the sign-in is fresh
 * @throws AuthError as requireFreshness does
 */
export async function requireRecentSignIn(
  deps: Deps,
  by: Viewer,
  input: FreshnessInput,
): Promise<Freshness | null> {
  requireStepUp(by);
  if (input.currentPassword === '' && (await isFresh(deps, by))) return null;
  return requireFreshness(deps, by, input);
}

const isFresh = async ({ db, config }: Deps, { sessionId }: Viewer): Promise<boolean> =>
  sessionId !== null && isFreshSession(db, { sessionId, seconds: config.freshSignInSeconds });

/**
 * Checks in the transaction of a change that what the person has shown still holds: the password is the same, and the session is live.
 * Uses a code up. Locks the account.
 * @throws AuthError `invalid_credentials` (currentPassword), `reauthentication_needed`, `reauthentication_not_valid` (code)
 */
export async function requireStillFresh(
  tx: Transaction,
  by: Viewer,
  { passwordHash, code }: Freshness,
): Promise<void> {
  if (passwordHash !== null) return requireUnchangedPassword(tx, by, { passwordHash });
  await lockUser(tx, by.user.id);
  const isLive = by.sessionId !== null && (await isSessionLive(tx, by.sessionId));
  if (!isLive || (await findSignInPasswordHash(tx, by.user.id)) !== null) throw reauthenticationNeeded();
  if (code !== null && !(await redeemCode(tx, code))) throw wrongCode();
}
