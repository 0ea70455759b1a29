import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { keepingAnOwner } from '../../teams/access.ts';
import { dissolveTeams, prepareDeparture } from '../../teams/departure.ts';
import { deleteUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Viewer } from '../shared/caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from '../shared/current-password.ts';
import type { Deps } from '../shared/deps.ts';

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
      const { alone, orphaned } = await prepareDeparture(tx, user.id);
      if (orphaned.length > 0) throw soleOwner(orphaned);
      await lockSessionsOf(tx, user.id);
      await dissolveTeams(tx, { userId: user.id, alone });
      if (!(await deleteUser(tx, user.id))) throw new AuthError('unauthenticated');
      const event = { userId: user.id, sessionId, device: by.device, details: { teams: alone.length } };
      await recordSecurityEvent(tx, { action: 'account_deleted', ...event });
      await enqueueWebhooks(tx, deps, { type: 'user.deleted', data: { userId: user.id, by: 'user' } });
      for (const teamId of alone)
        await recordSecurityEvent(tx, { action: 'team_deleted', ...event, teamId, details: {} });
    });
  await keepingAnOwner(remove);
}

const soleOwner = (teamIds: readonly string[]): AuthError =>
  new AuthError('sole_owner', {
    attribute: 'teamId',
    message: `These teams need another owner first, or to be deleted: ${teamIds.slice(0, 10).join(', ')}.`,
  });
