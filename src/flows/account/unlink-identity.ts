import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { retireFlows } from '../../flow-states/flow-states.ts';
import { deleteIdentity, listIdentities } from '../../identities/identities.ts';
import { requireLiveSession } from '../../sessions/sessions.ts';
import { findOwnWays } from '../../users/accounts.ts';
import { lockUser } from '../../users/users.ts';
import { isAccountToken, type Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { requireStepUp } from '../shared/step-up.ts';

/**
 * Unlinks an account at a provider from the signed-in person, who must have another way of signing in: an address with which the account
 * began or that has a password, a phone number, or another identity.
 * @throws AuthError `invalid` (id), `permission_denied` for a token that may not change the account, `second_factor_required`,
 * `rate_limited`, `unauthenticated` if the session has just ended, `not_found` (id), `last_identity` (id)
 */
export async function unlinkIdentity(deps: Deps, by: Viewer, input: { id: string }): Promise<void> {
  const id = parseId(input.id, 'id');
  if (!isAccountToken(by)) throw new AuthError('permission_denied');
  requireStepUp(by);
  await countChange(deps, by);
  const userId = by.user.id;
  await deps.db.transaction(async (tx) => {
    const user = await lockUser(tx, userId);
    await requireLiveSession(tx, by.sessionId);
    const linked = await listIdentities(tx, userId);
    const identity = linked.find((each) => each.id === id);
    if (user === null || identity === undefined)
      throw new AuthError('not_found', { attribute: 'id', message: 'You do not have this identity.' });
    const others = linked.filter((each) => each.id !== id);
    const own = await findOwnWays(tx, user);
    if (others.length === 0 && own.length === 0) throw new AuthError('last_identity', { attribute: 'id' });
    await deleteIdentity(tx, { id, userId });
    // A sign-in by it may wait for the exchange of its code.
    await retireFlows(tx, userId);
    const details = { provider: identity.provider, identityId: id };
    await recordSecurityEvent(tx, {
      ...{ action: 'identity_unlinked', userId, sessionId: by.sessionId, device: by.device, details },
    });
  });
}
