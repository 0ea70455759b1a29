import { isDatabaseAway, isNameRefused, isUserGone } from '../db/errors.ts';
import { AuthError } from '../errors.ts';

/**
 * Turns any thrown value into the error that the caller may see. What this hides is logged by HTTP, GraphQL and the
 * dialects.
 */
export function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (isUserGone(error)) return new AuthError('unauthenticated', { message: 'The account is gone.' });
  if (isNameRefused(error)) return new AuthError('invalid', { attribute: 'name', cause: error });
  if (isDatabaseAway(error)) return new AuthError('unavailable', { cause: error, retryAfterSeconds: 5 });
  return new AuthError('internal_error', { cause: error });
}
