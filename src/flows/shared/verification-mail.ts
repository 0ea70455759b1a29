import { recordSecurityEvent } from '../../audit/security-events.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Queues a verification mail.
 * @returns the seconds to wait if one was queued just now; null if this one is queued, or the account has no address
 */
export async function queueVerification(
  deps: Deps,
  by: Caller,
  { user }: { user: User },
): Promise<number | null> {
  const { id: userId, email } = user;
  if (email === null) return null;
  return deps.db.transaction(async (tx) => {
    const wait = await attemptMail(deps, 'verification', email, tx);
    if (wait !== null) return wait;
    await recordSecurityEvent(tx, { action: 'email_verification_requested', userId, device: by.device });
    await enqueueMail(tx, { kind: 'verification', userId });
    return null;
  });
}
