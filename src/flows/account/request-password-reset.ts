import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail, waitForMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { findUserByEmail } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Mails a link that sets a new password. A known address, an unknown one, a disabled account and a text that is not an address
 * get the same answer after the same work: one lookup, one event, one job (OWASP Forgot Password Cheat Sheet). A request that comes
 * too soon after another one sends no mail, and the answer does not tell: unknown addresses are counted alike. It costs
 * the caller nothing, since their limit counts mails and not requests.
 *
 * @throws AuthError `required` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited` for
 * callers who cause many mails
 */
export async function requestPasswordReset(
  deps: Deps,
  by: Caller,
  input: { email: string; captchaToken: string },
): Promise<void> {
  const { email, captchaToken } = input;
  if (email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const admitted = await admitCaller(deps, by, {
    operation: 'passwordReset',
    captchaToken,
    alwaysFor: 'forgot_password',
  });
  // Hammering one address does not hold connections, which the counting in a transaction would.
  if ((await waitForMail(deps, 'password_reset', email)) !== null) return;
  const found = await findUserByEmail(deps.db, email);
  const user = found === null || found.user.disabledAt !== null ? null : found.user;
  await deps.db.transaction(async (tx) => {
    if ((await attemptMail(deps, 'password_reset', email, tx)) !== null) return;
    await recordSecurityEvent(tx, {
      action: 'password_reset_requested',
      outcome: user === null ? 'failure' : 'success',
      userId: found?.user.id ?? null,
      device: by.device,
    });
    await enqueueMail(tx, user === null ? { kind: 'none' } : { kind: 'password_reset', userId: user.id });
    await countCaller(deps, admitted, tx); // last, since all callers without an address wait for each other here
  });
}
