import type { Actor } from '../../teams/access.ts';
import { createTeam as addTeam, type TeamMembership } from '../../teams/teams.ts';
import { parseName } from '../../users/attributes.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Creates a team whose OWNER the person is.
 * @throws AuthError `required`, `max_length` or `invalid` (name), `rate_limited`
 */
export async function createTeam(deps: Deps, actor: Actor, input: { name: string }): Promise<TeamMembership> {
  const name = parseName(input.name, 'name');
  const { user, sessionId, origin } = actor;
  const limit = deps.config.limits.teamsPerUser;
  await deps.rateLimiter.consume([{ purpose: 'create_team', subject: user.id, limit }]);
  return deps.db.transaction((tx) => addTeam(tx, { name, ownerId: user.id, sessionId, origin }));
}
