import { recordSecurityEvent, type SecurityAction } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { enterTeam, MANAGERS, notFound } from '../../teams/access.ts';
import {
  deleteProjectRow,
  findProject,
  insertProject,
  type Project,
  updateProjectName,
} from '../../teams/projects.ts';
import { parseName } from '../../users/attributes.ts';
import type { Viewer } from '../shared/caller.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from './events.ts';

/**
 * Creates a project in a team; for owners and admins.
 * @throws AuthError `invalid` (teamId), `required`, `max_length` or `invalid` (name), `rate_limited`, `not_found`,
 * `insufficient_permissions`
 */
export async function createProject(
  deps: Deps,
  by: Viewer,
  input: { teamId: string; name: string },
): Promise<Project> {
  const teamId = parseId(input.teamId, 'teamId');
  const name = parseName(input.name, 'name');
  await deps.rateLimiter.consume([{ limit: deps.config.limits.projectsPerUser, subject: by.user.id }]);
  return deps.db.transaction(async (tx) => {
    await enterTeam(tx, { userId: by.user.id, teamId, allowed: MANAGERS });
    const project = await insertProject(tx, { teamId, name });
    await recordProjectEvent(tx, by, { action: 'project_created', project });
    return project;
  });
}

/**
 * Gives a project another name. The name that it has already is not a change.
 * @throws AuthError `invalid`, `required`, `max_length`, `rate_limited`, `not_found`, `insufficient_permissions`
 */
export async function renameProject(
  deps: Deps,
  by: Viewer,
  input: { projectId: string; name: string },
): Promise<Project> {
  const projectId = parseId(input.projectId, 'projectId');
  const name = parseName(input.name, 'name');
  await countChange(deps, by);
  return deps.db.transaction(async (tx) => {
    const before = await enterTeamOfProject(tx, by, { projectId });
    if (before.name === name) return before;
    const project = await updateProjectName(tx, { projectId, name });
    if (project === null) throw notFound('project', 'projectId');
    await recordProjectEvent(tx, by, { action: 'project_renamed', project });
    return project;
  });
}

/**
 * Deletes a project.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`
 */
export function deleteProject({ db }: Deps, by: Viewer, input: { projectId: string }): Promise<string> {
  const projectId = parseId(input.projectId, 'projectId');
  return db.transaction(async (tx) => {
    const project = await enterTeamOfProject(tx, by, { projectId });
    if (!(await deleteProjectRow(tx, projectId))) throw notFound('project', 'projectId');
    await recordProjectEvent(tx, by, { action: 'project_deleted', project });
    return projectId;
  });
}

/**
 * Begins a change of a project: locks its team. A project never changes its team, so the team can be looked up before it is
 * locked. Afterwards the project is read again, since only the holder of the lock changes it.
 * @throws AuthError `not_found`, `insufficient_permissions`
 */
async function enterTeamOfProject(
  tx: Transaction,
  by: Viewer,
  { projectId }: { projectId: string },
): Promise<Project> {
  const otherwise = notFound('project', 'projectId');
  const found = await findProject(tx, projectId);
  if (found === null) throw otherwise;
  await enterTeam(tx, { userId: by.user.id, teamId: found.teamId, allowed: MANAGERS, otherwise });
  const project = await findProject(tx, projectId);
  if (project === null) throw otherwise;
  return project;
}

const recordProjectEvent = (
  tx: Transaction,
  by: Viewer,
  { action, project }: { action: SecurityAction; project: Project },
): Promise<void> =>
  recordSecurityEvent(tx, { action, ...eventOf(by, project.teamId), details: { projectId: project.id } });
