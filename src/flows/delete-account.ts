import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { holdRefreshes } from '../sessions/ending.ts';
import { keepingAnOwner } from '../teams/access.ts';
import { dissolveTeamsOf } from '../teams/departure.ts';
import { deleteUser } from '../users/accounts.ts';
import type { Viewer } from './authenticate.ts';
import { requireCurrentPassword, requireUnchangedPassword } from './current-password.ts';
import type { Caller } from './sign-in.ts';

type DeleteAccountInput = { viewer: Viewer; currentPassword: string };

/**
 * Deletes the account of whoever is signed in and knows its password, with everything that is only theirs: sessions,
 * tokens, memberships, the invites they made, and the teams in which nobody else is. The security events stay.
 *
 * @throws AuthError `required`, `rate_limited`, `busy`, `invalid_credentials` (currentPassword); `sole_owner`, naming the
 * teams, for whoever is the only owner of a team that has other members
 */
export async function deleteAccount(
  deps: Deps,
  caller: Caller,
  { viewer, currentPassword }: DeleteAccountInput,
): Promise<void> {
  const passwordHash = await requireCurrentPassword(deps, caller, { viewer, currentPassword });
  const { user, sessionId } = viewer;
  // A team that is made or joined meanwhile is the trigger's to see.
  const remove = () =>
    deps.db.transaction(async (tx) => {
      const { dissolved, orphaned } = await dissolveTeamsOf(tx, user.id);
      if (orphaned.length > 0) throw soleOwner(orphaned);
      await requireUnchangedPassword(tx, { viewer, passwordHash }); // and no session is opened meanwhile
      await holdRefreshes(tx, user.id);
      if (!(await deleteUser(tx, user.id))) throw new AuthError('unauthenticated');
      const event = { userId: user.id, sessionId, origin: caller, details: { teams: dissolved.length } };
      await recordSecurityEvent(tx, { action: 'account_deleted', ...event });
      for (const teamId of dissolved)
        await recordSecurityEvent(tx, { action: 'team_deleted', ...event, teamId, details: {} });
    });
  await keepingAnOwner(remove);
}

const soleOwner = (teamIds: readonly string[]): AuthError =>
  new AuthError('sole_owner', {
    attribute: 'teamId',
    message: `These teams need another owner first, or to be deleted: ${teamIds.slice(0, 10).join(', ')}.`,
  });
