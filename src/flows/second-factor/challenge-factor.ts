import { AuthError } from '../../errors.ts';
import { type Challenge, insertChallenge } from '../../second-factors/challenges.ts';
import { findFactor } from '../../second-factors/factors.ts';
import { requireSession } from '../../sessions/sessions.ts';
import { lockUser } from '../../users/users.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Begins to show a code of an authenticator app. The session answers the challenge within five minutes.
 * @throws AuthError `not_found` if the person does not have this app, `rate_limited`, `unauthenticated` without a live session
 */
export async function challengeFactor(
  deps: Deps,
  by: Viewer,
  { factorId }: { factorId: string },
): Promise<Challenge> {
  const { user } = by;
  await countChange(deps, by);
  return deps.db.transaction(async (tx) => {
    await lockUser(tx, user.id);
    if ((await findFactor(tx, { userId: user.id, factorId })) === null) throw new AuthError('not_found');
    const sessionId = await requireSession(tx, by.sessionId);
    return insertChallenge(tx, { factorId, sessionId });
  });
}
