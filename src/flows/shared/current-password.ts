import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { isSessionLive } from '../../sessions/sessions.ts';
import { findPasswordHash } from '../../users/passwords.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from './caller.ts';
import type { Deps } from './deps.ts';
import { checkAttempt } from './password-attempts.ts';

/**
 * Checks that the signed-in person knows the account's password. A device that was left open, or a stolen token, is not enough
 * for what cannot be undone. Wrong passwords are counted per session, apart from failed logins: strangers who guess at the
 * login do not keep the owner from a change, and a thief with a stolen session cannot go on guessing. An account without a
 * password always fails: a password reset sets one.
 *
 * @returns the hash that the password fits
 * @throws AuthError `required`, `rate_limited`, `busy`, `invalid_credentials`, all on attribute `currentPassword`
 */
export async function requireCurrentPassword(
  deps: Deps,
  by: Viewer,
  { currentPassword }: { currentPassword: string },
): Promise<string> {
  const attribute = 'currentPassword';
  if (currentPassword === '') throw new AuthError('required', { attribute });
  const { user, sessionId } = by;
  const limit = deps.config.limits.currentPasswordPerSession;
  const failures = { limit, subject: sessionId ?? user.id };
  const isLast = await deps.rateLimiter.consumeOne(failures);
  const lock = { userId: user.id, sessionId, details: { tried: 'current password' } };
  return checkAttempt(deps, by, { failures, isLast, lock }, async () => {
    const hash = await findPasswordHash(deps.db, user.id);
    const fits = await deps.passwords.verify(hash, currentPassword, user.id);
    if (hash !== null && fits) return hash;
    const event = { action: 'login', outcome: 'failure', userId: user.id, sessionId } as const;
    await recordSecurityEvent(deps.db, { ...event, device: by.device, details: { currentPassword: true } });
    throw new AuthError('invalid_credentials', { attribute, message: 'The current password is wrong.' });
  });
}

/**
 * Checks in the transaction of a change that the password is still the checked one and that the session is still live: a reset
 * may have changed both since the check. Locks the account.
 * @throws AuthError `invalid_credentials` on attribute `currentPassword`
 */
export async function requireUnchangedPassword(
  tx: Transaction,
  { user, sessionId }: Viewer,
  { passwordHash }: { passwordHash: string },
): Promise<void> {
  await lockUser(tx, user.id);
  const unchanged = (await findPasswordHash(tx, user.id)) === passwordHash;
  if (!unchanged || (sessionId !== null && !(await isSessionLive(tx, sessionId))))
    throw new AuthError('invalid_credentials', { attribute: 'currentPassword' });
}
