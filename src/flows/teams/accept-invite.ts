import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import type { Invite } from '../../teams/invites.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import { consumeInvite, findAcceptance, joinByInvite, whyRefused } from '../../teams/received-invites.ts';
import { findTeamOfUser } from '../../teams/teams.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from './events.ts';

const mineOf = ({ user, sessionId }: Viewer, { inviteId }: { inviteId: string }) => ({
  inviteId: parseId(inviteId, 'inviteId'),
  userId: user.id,
  sessionId,
});

/**
 * Joins a team by an invite to the address that the person has verified, in a session that something proven opened (see
 * proveAddress). The invite is gone then; whoever joined by it may
 * repeat this without harm for as long as they are in the team. A member already keeps the role they have.
 *
 * @throws AuthError `invalid`; `email_not_verified` where the address fits and is not verified, or the session is not proven; `invalid_invite` for all
 * that is wrong beside that: unknown, expired, revoked, used, somebody else's
 */
export function acceptInvite(deps: Deps, by: Viewer, input: { inviteId: string }): Promise<TeamMembership> {
  const mine = mineOf(by, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, mine);
    if (invite !== null) {
      await joinByInvite(tx, { invite, userId: mine.userId });
      await recordAnswer(tx, by, { action: 'invite_accepted', invite });
    }
    const joined = invite ?? (await findAcceptance(tx, mine));
    if (joined === null) throw await whyRefused(tx, mine);
    const membership = await findTeamOfUser(tx, { userId: mine.userId, teamId: joined.teamId });
    if (membership === null) throw await whyRefused(tx, mine);
    return membership;
  });
}

/**
 * Turns down an invite to the address that the person has verified: it is gone then.
 * @throws AuthError `invalid`, `email_not_verified`, `invalid_invite`: see acceptInvite
 */
export function declineInvite(deps: Deps, by: Viewer, input: { inviteId: string }): Promise<string> {
  const mine = mineOf(by, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, mine);
    if (invite === null) throw await whyRefused(tx, mine);
    await recordAnswer(tx, by, { action: 'invite_declined', invite });
    return mine.inviteId;
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
