import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { hasUnprovenPassword } from '../../users/passwords.ts';
import type { User } from '../../users/users.ts';
import type { Caller, Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { demandCaptcha } from '../shared/limits.ts';

/**
 * Mails the verification link again; the one before stops working. A person who has proven address and password, or has no
 * address, gets no mail and no error.
 *
 * @throws AuthError `required`, `captcha_failed` (captchaToken), `busy`, `unavailable`, `rate_limited` with the seconds to wait
 */
export async function requestEmailVerification(
  deps: Deps,
  by: Viewer,
  { captchaToken }: { captchaToken: string },
): Promise<void> {
  const { user } = by;
  if (user.email === null) return;
  if (user.emailVerifiedAt !== null && !(await hasUnprovenPassword(deps.db, user.id))) return;
  if (deps.captcha.isRequiredFor('resend'))
    await demandCaptcha(
      deps,
      { limit: deps.config.limits.changesPerUser, subject: user.id },
      { token: captchaToken, address: by.device.address },
    );
  const retryAfterSeconds = await queueVerification(deps, by, { user });
  if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
}

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
