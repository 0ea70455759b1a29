import { AuthError } from '../../errors.ts';
import type { Viewer } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Returns a person who may do everything that the token allows. With SECOND_FACTOR=required, a session that did not show the second
 * factor of its user may only finish the sign-in, refresh, log out, and read the user at the GoTrue dialect. An operator without
 * a session is not refused.
 * @throws AuthError `second_factor_required`
 */
export function requireFullSignIn({ config }: Pick<Deps, 'config'>, viewer: Viewer): Viewer {
  if (config.secondFactor.required && viewer.needsSecondFactor && viewer.sessionId !== null)
    throw new AuthError('second_factor_required');
  return viewer;
}

/**
 * Refuses a change that needs the second factor, if the person has one and the session did not show it. It matters with
 * SECOND_FACTOR=advisory, and for an operator who acts as the person.
 * @throws AuthError `second_factor_required`
 */
export function requireStepUp({ needsSecondFactor }: Viewer): void {
  if (needsSecondFactor) throw new AuthError('second_factor_required');
}
