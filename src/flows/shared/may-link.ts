import { AuthError } from '../../errors.ts';
import { isAccountToken, type Viewer } from './caller.ts';
import { countChange } from './count-change.ts';
import type { Deps } from './deps.ts';
import { requireStepUp } from './step-up.ts';

/**
 * Requires a person who may link an account at a provider, and counts the attempt.
 * @returns the session that links
 * @throws AuthError `permission_denied` for a token that may not change the account or has no session, `second_factor_required`,
 * `rate_limited`
 */
export async function requireMayLink(deps: Deps, by: Viewer): Promise<string> {
  const { sessionId } = by;
  if (sessionId === null || !isAccountToken(by)) throw new AuthError('permission_denied');
  requireStepUp(by);
  await countChange(deps, by);
  return sessionId;
}
