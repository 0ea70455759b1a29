import { AuthError } from '../../errors.ts';
import { keepingAnOwner } from '../../teams/access.ts';
import type { Viewer } from '../shared/caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from '../shared/current-password.ts';
import type { Deps } from '../shared/deps.ts';
import { removeAccount } from '../shared/remove-account.ts';

type DeleteAccountInput = { currentPassword: string };

/**
 * Deletes the account of the signed-in person, who shows its password. Deletes everything that is only theirs: sessions, tokens,
 * memberships, the invites that they made, and the teams without another member. The security events stay.
 *
 * @throws AuthError `required`, `rate_limited`, `busy`, `invalid_credentials` (currentPassword), `refused_by_application`; `sole_owner`,
 * naming the teams, if the person is the only owner of a team with other members
 */
export async function deleteAccount(
  deps: Deps,
  by: Viewer,
  { currentPassword }: DeleteAccountInput,
): Promise<void> {
  const passwordHash = await requireCurrentPassword(deps, by, { currentPassword });
  const { user, sessionId } = by;
  const remove = () =>
    deps.db.transaction(async (tx) => {
      // Locks the account: no session is opened, and no team is founded or joined, until it is gone.
      await requireUnchangedPassword(tx, by, { passwordHash });
      const actor = { is: 'user', sessionId, device: by.device } as const;
      if (!(await removeAccount(tx, deps, { userId: user.id, actor })))
        throw new AuthError('unauthenticated');
    });
  await keepingAnOwner(remove);
}
