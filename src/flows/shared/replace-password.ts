import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { isSessionProven } from '../../sessions/proof.ts';
import { forgetSent } from '../../users/account-details.ts';
import {
  hasUnprovenPassword,
  provePassword,
  replacePasswordHash,
  setPassword,
} from '../../users/passwords.ts';
import type { Viewer } from './caller.ts';
import { endAccess } from './end-access.ts';

/**
 * Gives a person another password. Their other sessions end, every mailed token is retired, and a notice is mailed. Personal access
 * tokens stay if the session does. If the password is not proven, only a pending change of the address ends: the mailed links are the
 * way in of the mailbox's owner. The transaction has locked the account, and found the session live.
 *
 * @param input.from the hash of the password that the person has shown; null if they need not show one
 * @returns how many other sessions were ended
 * @throws AuthError `invalid_credentials` (currentPassword) if the password that was shown has just been changed
 */
export async function replacePassword(
  tx: Transaction,
  by: Viewer,
  { from, to }: { from: string | null; to: string },
): Promise<number> {
  const { sessionId } = by;
  const userId = by.user.id;
  // The session was opened by the holder of the mailbox, who stands behind the new password too.
  const proven = await isSessionProven(tx, sessionId);
  if (from === null) await setPassword(tx, { userId, hash: to, proven });
  // A login may have renewed the hash since it was compared: it changes the password's row without the lock of the account.
  else if (!(await replacePasswordHash(tx, { userId, from, to })))
    throw new AuthError('invalid_credentials', { attribute: 'currentPassword' });
  else if (proven) await provePassword(tx, { userId, hash: to });
  // A person who has not proven the mailbox may be a stranger, who must not take the links of its owner away.
  const retired = (await hasUnprovenPassword(tx, userId)) ? 'change_email' : null;
  const sessions = await endAccess(tx, { userId, keptSession: sessionId, retired });
  if (retired === null) await forgetSent(tx, userId);
  const event = { userId, sessionId, device: by.device, details: { sessions } };
  await recordSecurityEvent(tx, { action: 'password_changed', ...event });
  await enqueueMail(tx, { kind: 'password_changed', userId });
  return sessions;
}
