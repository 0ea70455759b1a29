import { AuthError } from '../../errors.ts';
import type { Viewer } from './caller.ts';

/**
 * Refuses a change that needs the second factor, if the person has one and the session did not show it.
 * @throws AuthError `second_factor_required`
 */
export function requireStepUp({ needsSecondFactor }: Viewer): void {
  if (needsSecondFactor) throw new AuthError('second_factor_required');
}
