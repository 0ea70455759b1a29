import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { isEmailTaken } from '../users/accounts.ts';
import { callerLimit } from './limits.ts';
import type { Caller } from './sign-in.ts';

/**
 * Whether an address has an account, for sign-up forms. It discloses addresses, as sign-up does, because the
 * APIs that the gateway speaks have it so (SECURITY.md); EMAIL_EXISTS=off switches it off. What is no address has no account.
 *
 * @throws AuthError `feature_disabled`, `required` (email), `rate_limited`
 */
export async function emailExists(deps: Deps, caller: Caller, input: { email: string }): Promise<boolean> {
  if (!deps.config.emailExists) throw new AuthError('feature_disabled');
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  await deps.rateLimiter.consume([callerLimit(deps, 'email_exists', caller)]);
  return isEmailTaken(deps.db, input.email);
}
