import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { enterTeam, notFound } from '../../teams/access.ts';
import { deleteInvite, findTeamOfInvite } from '../../teams/invites.ts';
import { invitableBy, MANAGERS } from '../../teams/roles.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

/**
 * Takes an invite back: an owner any invite, an admin those to be MEMBER.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`
 */
export function revokeInvite({ db }: Deps, by: Viewer, input: { inviteId: string }): Promise<string> {
  const inviteId = parseId(input.inviteId, 'inviteId');
  const otherwise = notFound('invite', 'inviteId');
  return db.transaction(async (tx) => {
    const teamId = await findTeamOfInvite(tx, inviteId);
    if (teamId === null) throw otherwise;
    const { role } = await enterTeam(tx, { userId: by.user.id, teamId, allowed: MANAGERS, otherwise });
    const invite = await deleteInvite(tx, inviteId);
    if (invite === null) throw otherwise;
    if (!invitableBy(role).includes(invite.role)) throw new AuthError('insufficient_permissions');
    const details = { inviteId, role: invite.role };
    await recordSecurityEvent(tx, { action: 'invite_revoked', ...eventOf(by, teamId), details });
    return inviteId;
  });
}
