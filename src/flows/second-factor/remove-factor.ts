import { AuthError } from '../../errors.ts';
import { ALL_VERIFIED, findFactor } from '../../second-factors/factors.ts';
import { requireLiveSession } from '../../sessions/sessions.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { removeFactors } from '../shared/remove-factors.ts';
import { requireSecondFactor, useSecondFactor } from '../shared/second-factor.ts';
import { requireStepUp } from '../shared/step-up.ts';

const NO_SUCH_APP = 'This authenticator app does not exist.';

/**
 * Removes one authenticator app of the signed-in person. A session at level `aal2` removes a verified one; any session removes one that
 * waits for its first code.
 * @throws AuthError `not_found` if the person does not have this app, `second_factor_required`, `unauthenticated` if the session has just ended
 */
export async function removeFactor(
  deps: Deps,
  by: Viewer,
  { factorId }: { factorId: string },
): Promise<void> {
  const { user, sessionId, level } = by;
  await deps.db.transaction(async (tx) => {
    await lockUser(tx, user.id);
    await requireLiveSession(tx, sessionId);
    const factor = await findFactor(tx, { userId: user.id, factorId });
    if (factor === null) throw new AuthError('not_found');
    if (factor.verifiedAt !== null && level === 'aal1') throw new AuthError('second_factor_required');
    await removeFactors(tx, deps, by, { userId: user.id, factorId, sessionId });
  });
}

type DisableTotpInput = {
  code: string;
  recoveryCode: string;
  /** The one authenticator app to remove; null for all. */
  factorId: string | null;
};

/**
 * Switches the second factor of the signed-in person off: removes all authenticator apps, or one. The person shows a fresh code, or a
 * recovery code. Without an app their sessions go on at level `aal1`, and the recovery codes end.
 * @throws AuthError `second_factor_required`, `not_found` if the person has no second factor, or not this one (id); what
 * useSecondFactor throws
 */
export async function disableTotp(
  deps: Deps,
  by: Viewer,
  { code, recoveryCode, factorId }: DisableTotpInput,
): Promise<void> {
  requireStepUp(by);
  const { user, sessionId } = by;
  await requireSecondFactor(deps, by);
  const shown = { code, recoveryCode, of: ALL_VERIFIED };
  await useSecondFactor(deps, by, shown, async (tx) => {
    const removed = await removeFactors(tx, deps, by, { userId: user.id, factorId, sessionId });
    if (removed === 0) throw new AuthError('not_found', { attribute: 'id', message: NO_SUCH_APP });
  });
}
