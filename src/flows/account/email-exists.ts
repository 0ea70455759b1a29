import { AuthError } from '../../errors.ts';
import { isEmailTaken } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Tells whether an address has an account, for sign-up forms. It discloses addresses, as sign-up does, because the
 * APIs that the gateway speaks require it (SECURITY.md). EMAIL_EXISTS=off switches it off. A text that is not an address has no
 * account.
 *
 * @param input without `captchaToken` for an interface that has no place for one
 * @throws AuthError `feature_disabled`, `required` (email), `rate_limited`; `required` or `captcha_failed` (captchaToken),
 * `busy`, `unavailable`
 */
export async function emailExists(
  deps: Deps,
  by: Caller,
  input: { email: string; captchaToken?: string },
): Promise<boolean> {
  if (!deps.config.emailExists) throw new AuthError('feature_disabled');
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const { captchaToken } = input;
  if (captchaToken === undefined) await deps.rateLimiter.consume([callerCounter(deps, by, 'emailExists')]);
  else await countCaller(deps, await admitCaller(deps, by, { operation: 'emailExists', captchaToken }));
  return isEmailTaken(deps.db, input.email);
}
