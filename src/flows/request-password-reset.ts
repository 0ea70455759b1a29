import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { attemptMail } from '../mail/limits.ts';
import { enqueueMail } from '../mail/queue.ts';
import { findUserByEmail } from '../users/users.ts';
import { callerLimit } from './limits.ts';
import type { Caller } from './sign-in.ts';

/**
 * Sends a link that sets a new password. A known address, an unknown one, a disabled account and what is no address at
 * all get the same answer after the same work: one lookup, one event, one job (OWASP Forgot Password Cheat Sheet). Asked
 * again too soon, no mail goes out, and that too is not told: the counting is the same for addresses that nobody has.
 *
 * @throws AuthError `required` (email, captchaToken), `rate_limited` for callers who ask about many, `captcha_failed`,
 * `unavailable`
 */
export async function requestPasswordReset(
  deps: Deps,
  caller: Caller,
  input: { email: string; captchaToken: string },
): Promise<void> {
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  await deps.rateLimiter.consume([callerLimit(deps, 'password_reset', caller)]);
  await deps.captcha.check('forgot_password', { token: input.captchaToken, address: caller.address });
  const wait = await attemptMail(deps, 'password_reset', input.email);
  if (wait !== null) return;
  const found = await findUserByEmail(deps.db, input.email);
  const user = found === null || found.user.disabledAt !== null ? null : found.user;
  await deps.db.transaction(async (tx) => {
    await recordSecurityEvent(tx, {
      action: 'password_reset_requested',
      outcome: user === null ? 'failure' : 'success',
      userId: found?.user.id ?? null,
      origin: caller,
    });
    await enqueueMail(tx, user === null ? { kind: 'none' } : { kind: 'password_reset', userId: user.id });
  });
}
