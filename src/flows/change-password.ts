import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { enqueueMail } from '../mail/queue.ts';
import { isSessionProven } from '../sessions/proof.ts';
import { lockUser } from '../users/accounts.ts';
import { checkNewPassword } from '../users/attributes.ts';
import { hasUnprovenPassword, provePassword } from '../users/password-proof.ts';
import { replacePasswordHash } from '../users/users.ts';
import type { Viewer } from './authenticate.ts';
import { requireCurrentPassword } from './current-password.ts';
import { endAccess } from './reset-password.ts';
import { type Caller, firstMissing } from './sign-in.ts';

type ChangePasswordInput = { viewer: Viewer; currentPassword: string; newPassword: string };

/**
 * Sets a new password for whoever is signed in and knows the current one. Their other sessions end, and every token that
 * was mailed; a notice is mailed. While the password is not proven, only a pending change of the address ends: the links to
 * the mailbox are its owner's way in. Of several changes at once one succeeds, the others' current password being wrong then.
 *
 * @returns how many other sessions were ended
 * @throws AuthError `required` (currentPassword, then newPassword), `min_length` or `max_length` (newPassword),
 * `rate_limited`, `busy`, `invalid_credentials` (currentPassword)
 */
export async function changePassword(
  deps: Deps,
  caller: Caller,
  { viewer, currentPassword, newPassword }: ChangePasswordInput,
): Promise<number> {
  const missing = firstMissing({ currentPassword, newPassword });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(newPassword, deps.config.passwords.minLength, 'newPassword');
  const from = await requireCurrentPassword(deps, caller, { viewer, currentPassword });
  const to = await deps.passwords.hash(newPassword);
  const userId = viewer.user.id;
  const ended = await deps.db.transaction(async (tx) => {
    await lockUser(tx, userId);
    if (!(await replacePasswordHash(tx, { userId, from, to }))) return null;
    // A suspended one was shown in a session that the holder of the mailbox opened.
    if (await isSessionProven(tx, viewer.sessionId)) await provePassword(tx, { userId, hash: to });
    const { sessionId } = viewer;
    // Who has not proven the mailbox may be a stranger, and must not take its owner's links away.
    const retired = (await hasUnprovenPassword(tx, userId)) ? 'change_email' : 'all';
    const sessions = await endAccess(tx, userId, { keptSession: sessionId, retired });
    const event = { userId, sessionId, origin: caller, details: { sessions } };
    await recordSecurityEvent(tx, { action: 'password_changed', ...event });
    await enqueueMail(tx, { kind: 'password_changed', userId });
    return sessions;
  });
  if (ended === null) throw new AuthError('invalid_credentials', { attribute: 'currentPassword' });
  return ended;
}
