import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import type { Invite } from '../../teams/invites.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import { consumeInvite, findAcceptance, joinByInvite, refusalOf } from '../../teams/received-invites.ts';
import { findTeamOfUser } from '../../teams/teams.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

const replyOf = ({ user, sessionId }: Viewer, { inviteId }: { inviteId: string }) => ({
  inviteId: parseId(inviteId, 'inviteId'),
  userId: user.id,
  sessionId,
});

/**
 * Joins a team by an invite to the address that the person has verified, in a proven session (see proveAddress). This uses the
 * invite up. The person may repeat the call while they are in the team. A person who is a member already keeps their role.
 *
 * @throws AuthError `invalid`; `email_not_verified` if the address fits but is not verified, or the session is not proven;
 * `invalid_invite` for an invite that is unknown, expired, revoked, used or to another address
 */
export function acceptInvite(deps: Deps, by: Viewer, input: { inviteId: string }): Promise<TeamMembership> {
  const reply = replyOf(by, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, reply);
    if (invite !== null) {
      await joinByInvite(tx, { invite, userId: reply.userId });
      await recordAnswer(tx, by, { action: 'invite_accepted', invite });
    }
    const joined = invite ?? (await findAcceptance(tx, reply));
    if (joined === null) throw await refusalOf(tx, reply);
    const membership = await findTeamOfUser(tx, { userId: reply.userId, teamId: joined.teamId });
    if (membership === null) throw await refusalOf(tx, reply);
    return membership;
  });
}

/**
 * Turns down an invite to the address that the person has verified. This uses the invite up.
 * @throws AuthError `invalid`, `email_not_verified`, `invalid_invite`: see acceptInvite
 */
export function declineInvite(deps: Deps, by: Viewer, input: { inviteId: string }): Promise<string> {
  const reply = replyOf(by, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, reply);
    if (invite === null) throw await refusalOf(tx, reply);
    await recordAnswer(tx, by, { action: 'invite_declined', invite });
    return reply.inviteId;
  });
}

const recordAnswer = (
  tx: Transaction,
  by: Viewer,
  { action, invite }: { action: 'invite_accepted' | 'invite_declined'; invite: Invite },
): Promise<void> => {
  const details = { inviteId: invite.id, role: invite.role };
  return recordSecurityEvent(tx, { action, ...eventOf(by, invite.teamId), details });
};
