import { AuthError } from '../../errors.ts';
import { keepingAnOwner } from '../../teams/access.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { type FreshnessInput, requireFreshness, requireStillFresh } from '../shared/freshness.ts';
import { removeAccount } from '../shared/remove-account.ts';

/**
 * Deletes the account of the signed-in person, who shows that it is them (requireFreshness). Deletes everything that is only
 * theirs: sessions, tokens, memberships, the invites that they made, and the teams without another member. The security events
 * stay.
 *
 * @throws AuthError what requireFreshness throws, `refused_by_application`; `sole_owner`,
 * naming the teams, if the person is the only owner of a team with other members
 */
export async function deleteAccount(deps: Deps, by: Viewer, input: FreshnessInput): Promise<void> {
  const freshness = await requireFreshness(deps, by, input);
  const { user, sessionId } = by;
  const remove = () =>
    deps.db.transaction(async (tx) => {
      // Locks the account: no session is opened, and no team is founded or joined, until it is gone.
      await requireStillFresh(tx, by, freshness);
      const actor = { administrator: null, sessionId, device: by.device };
      if (!(await removeAccount(tx, deps, { userId: user.id, actor })))
        throw new AuthError('unauthenticated');
    });
  await keepingAnOwner(remove);
}
