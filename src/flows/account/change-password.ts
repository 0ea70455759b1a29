import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { isSessionProven } from '../../sessions/proof.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import { hasUnprovenPassword, provePassword, replacePasswordHash } from '../../users/passwords.ts';
import { firstMissing, type Viewer } from '../shared/caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from '../shared/current-password.ts';
import type { Deps } from '../shared/deps.ts';
import { endAccess } from '../shared/end-access.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';

type ChangePasswordInput = { currentPassword: string; newPassword: string };

/**
 * Sets a new password for the signed-in person, who shows the current one. Their other sessions end, every mailed token is
 * retired, and a notice is mailed. Personal access tokens stay. If the password is not proven, only a pending change of the address ends: the mailed links are
 * the way in of the mailbox's owner. Of several changes at once one succeeds; the others fail with a wrong current password, and so
 * does a change whose session has just ended.
 *
 * @returns how many other sessions were ended
 * @throws AuthError `required` (currentPassword, then newPassword), `min_length`, `missing_characters` or `max_length` (newPassword),
 * `rate_limited`, `busy`, `invalid_credentials` (currentPassword), `leaked_password` (newPassword), `unavailable`
 */
export async function changePassword(
  deps: Deps,
  by: Viewer,
  { currentPassword, newPassword }: ChangePasswordInput,
): Promise<number> {
  const missing = firstMissing({ currentPassword, newPassword });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(newPassword, deps.config.passwords, 'newPassword');
  const from = await requireCurrentPassword(deps, by, { currentPassword });
  const to = await hashNewPassword(deps, newPassword, 'newPassword');
  return deps.db.transaction((tx) => replacePassword(tx, by, { from, to }));
}

async function replacePassword(
  tx: Transaction,
  by: Viewer,
  { from, to }: { from: string; to: string },
): Promise<number> {
  const { sessionId } = by;
  const userId = by.user.id;
  await requireUnchangedPassword(tx, by, { passwordHash: from });
  // A login may have renewed the hash since it was compared: it changes the password's row without the lock of the account.
  if (!(await replacePasswordHash(tx, { userId, from, to })))
    throw new AuthError('invalid_credentials', { attribute: 'currentPassword' });
  // The session was opened by the holder of the mailbox, who stands behind the new password too.
  if (await isSessionProven(tx, sessionId)) await provePassword(tx, { userId, hash: to });
  // A person who has not proven the mailbox may be a stranger, who must not take the links of its owner away.
  const retired = (await hasUnprovenPassword(tx, userId)) ? 'change_email' : null;
  const sessions = await endAccess(tx, { userId, keptSession: sessionId, retired });
  const event = { userId, sessionId, device: by.device, details: { sessions } };
  await recordSecurityEvent(tx, { action: 'password_changed', ...event });
  await enqueueMail(tx, { kind: 'password_changed', userId });
  return sessions;
}
