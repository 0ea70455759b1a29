import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { lockOperatedAccount, parseUserId } from '../shared/operated-account.ts';

/**
 * Mails a link that sets a new password to the address of an account. The password stays until the link is used. For the operator.
 * @throws AuthError `invalid` (userId: malformed, or an account without an address), `not_found` (userId), `account_disabled` (userId),
 * `rate_limited` if the address had a mail of this kind just now
 */
export function sendPasswordReset(deps: Deps, by: Caller, input: { userId: string }): Promise<void> {
  const userId = parseUserId(input);
  return deps.db.transaction(async (tx) => {
    const { email, disabledAt } = await lockOperatedAccount(tx, userId);
    if (disabledAt !== null) throw new AuthError('account_disabled', { attribute: 'userId' });
    if (email === null)
      throw new AuthError('invalid', { attribute: 'userId', message: 'This account has no email address.' });
    const retryAfterSeconds = await attemptMail(deps, 'password_reset', email, tx);
    if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
    const details = { by: administratorOf(by) };
    await recordSecurityEvent(tx, {
      action: 'password_reset_requested',
      ...{ userId, device: by.device, details },
    });
    await enqueueMail(tx, { kind: 'password_reset', userId });
  });
}
