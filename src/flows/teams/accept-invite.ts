import { parseId } from '../../db/uuid.ts';
import type { Actor } from '../../teams/access.ts';
import {
  consumeInvite,
  declinedInvite,
  findAcceptance,
  joinByInvite,
  whyRefused,
} from '../../teams/received-invites.ts';
import { findTeamOfUser, type TeamMembership } from '../../teams/teams.ts';
import type { Deps } from '../shared/deps.ts';

const mineOf = ({ user, sessionId }: Actor, { inviteId }: { inviteId: string }) => ({
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
export function acceptInvite(deps: Deps, actor: Actor, input: { inviteId: string }): Promise<TeamMembership> {
  const mine = mineOf(actor, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, mine);
    if (invite !== null) await joinByInvite(tx, actor, invite);
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
export function declineInvite(deps: Deps, actor: Actor, input: { inviteId: string }): Promise<string> {
  const mine = mineOf(actor, input);
  return deps.db.transaction(async (tx) => {
    const invite = await consumeInvite(tx, mine);
    if (invite === null) throw await whyRefused(tx, mine);
    await declinedInvite(tx, actor, invite);
    return mine.inviteId;
  });
}
