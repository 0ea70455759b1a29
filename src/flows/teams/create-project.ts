import { parseId } from '../../db/uuid.ts';
import type { Actor } from '../../teams/access.ts';
import { addProject, type Project } from '../../teams/projects.ts';
import { parseName } from '../../users/attributes.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Creates a project in a team; for owners and admins.
 * @throws AuthError `invalid` (teamId), `required`, `max_length` or `invalid` (name), `rate_limited`, `not_found`,
 * `insufficient_permissions`
 */
export async function createProject(
  deps: Deps,
  actor: Actor,
  input: { teamId: string; name: string },
): Promise<Project> {
  const project = { teamId: parseId(input.teamId, 'teamId'), name: parseName(input.name, 'name') };
  const limit = deps.config.limits.projectsPerUser;
  await deps.rateLimiter.consume([{ purpose: 'create_project', subject: actor.user.id, limit }]);
  return addProject(deps, actor, project);
}
