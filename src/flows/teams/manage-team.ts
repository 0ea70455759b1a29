import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { enterTeam } from '../../teams/access.ts';
import { lockSessionsIn } from '../../teams/locks.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import { MANAGERS, OWNERS } from '../../teams/roles.ts';
import { deleteTeamRows, insertTeam, updateTeamName } from '../../teams/teams.ts';
import { parseName } from '../../users/attributes.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

/**
 * Creates a team whose OWNER the person is.
 * @throws AuthError `required`, `max_length` or `invalid` (name), `rate_limited`
 */
export async function createTeam(deps: Deps, by: Viewer, input: { name: string }): Promise<TeamMembership> {
  const name = parseName(input.name, 'name');
  const { user, sessionId, device } = by;
  await deps.rateLimiter.consume([{ limit: deps.config.limits.teamsPerUser, subject: user.id }]);
  return deps.db.transaction((tx) => insertTeam(tx, { name, ownerId: user.id, sessionId, device }));
}

/**
 * Gives a team another name. The name that it has already is not a change.
 * @throws AuthError `invalid`, `required`, `max_length`, `rate_limited`, `not_found`, `insufficient_permissions`
 */
export async function renameTeam(
  deps: Deps,
  by: Viewer,
  input: { teamId: string; name: string },
): Promise<TeamMembership> {
  const teamId = parseId(input.teamId, 'teamId');
  const name = parseName(input.name, 'name');
  await countChange(deps, by);
  return deps.db.transaction(async (tx) => {
    const entered = await enterTeam(tx, { userId: by.user.id, teamId, allowed: MANAGERS });
    if (entered.team.name === name) return entered;
    const team = await updateTeamName(tx, { teamId, name });
    await recordSecurityEvent(tx, { action: 'team_renamed', ...eventOf(by, teamId) });
    return { ...entered, team };
  });
}

/**
 * Deletes a team with its memberships, projects and invites. Sessions in which it was active have no active team then.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`, `refused_by_application`
 */
export function deleteTeam({ db }: Deps, by: Viewer, input: { teamId: string }): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  return db.transaction(async (tx) => {
    await enterTeam(tx, { userId: by.user.id, teamId, allowed: OWNERS });
    await lockSessionsIn(tx, teamId);
    await deleteTeamRows(tx, [teamId]);
    await recordSecurityEvent(tx, { action: 'team_deleted', ...eventOf(by, teamId) });
    return teamId;
  });
}
