import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { enterTeam, keepingAnOwner } from '../../teams/access.ts';
import { withdrawInvites } from '../../teams/invites.ts';
import { endMembership, findMember, lockMember, type Member, updateMemberRole } from '../../teams/members.ts';
import { ALL_ROLES, invitableBy, MANAGERS, type MembershipRole, OWNERS } from '../../teams/roles.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

/**
 * Gives a member another role. Only owners decide who is owner or admin.
 * @throws AuthError `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`, `sole_owner`
 */
export async function changeMemberRole(
  deps: Deps,
  by: Viewer,
  input: { teamId: string; userId: string; role: MembershipRole },
): Promise<Member> {
  const member = { teamId: parseId(input.teamId, 'teamId'), userId: parseId(input.userId, 'userId') };
  const { teamId, userId } = member;
  const { role } = input;
  const change = async (tx: Transaction): Promise<Member> => {
    await enterTeam(tx, { userId: by.user.id, teamId, allowed: OWNERS });
    const from = await lockMember(tx, member);
    if (from !== role) {
      await updateMemberRole(tx, { ...member, role });
      await withdrawInvites(tx, { teamId, inviterId: userId, kept: invitableBy(role) });
      const details = { memberId: userId, from, to: role };
      await recordSecurityEvent(tx, { action: 'member_role_changed', ...eventOf(by, teamId), details });
    }
    return findMember(tx, { viewerId: by.user.id, ...member });
  };
  await countChange(deps, by);
  return keepingAnOwner(() => deps.db.transaction(change));
}

/**
 * Removes a member from a team: an owner any member, an admin those whose role is MEMBER. Tokens that name the team select
 * nothing from then on.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`, `sole_owner`
 */
export function removeMember(
  { db }: Deps,
  by: Viewer,
  input: { teamId: string; userId: string },
): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  const userId = parseId(input.userId, 'userId');
  const remove = async (tx: Transaction): Promise<string> => {
    const { role: own } = await enterTeam(tx, { userId: by.user.id, teamId, allowed: MANAGERS });
    const role = await lockMember(tx, { teamId, userId });
    if (own !== 'OWNER' && role !== 'MEMBER') throw new AuthError('insufficient_permissions');
    await endMembership(tx, { teamId, userId });
    const details = { memberId: userId, role };
    await recordSecurityEvent(tx, { action: 'member_removed', ...eventOf(by, teamId), details });
    return userId;
  };
  return keepingAnOwner(() => db.transaction(remove));
}

/**
 * Leaves a team. Its only owner cannot leave.
 * @throws AuthError `invalid`, `not_found`, `sole_owner`
 */
export function leaveTeam({ db }: Deps, by: Viewer, input: { teamId: string }): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  const userId = by.user.id;
  const leave = async (tx: Transaction): Promise<string> => {
    const { role } = await enterTeam(tx, { userId, teamId, allowed: ALL_ROLES });
    await endMembership(tx, { teamId, userId });
    await recordSecurityEvent(tx, { action: 'member_left', ...eventOf(by, teamId), details: { role } });
    return teamId;
  };
  return keepingAnOwner(() => db.transaction(leave));
}
