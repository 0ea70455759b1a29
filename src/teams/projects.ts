import { and, asc, eq, gt } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { recordSecurityEvent, type SecurityAction } from '../audit/security-events.ts';
import type { Transaction } from '../db/client.ts';
import { memberships, projects, teams } from '../db/tables/teams.ts';
import { parseId } from '../db/uuid.ts';
import { parseName } from '../users/attributes.ts';
import {
  type Actor,
  type ChangeDeps,
  countChange,
  enterTeam,
  eventOf,
  MANAGERS,
  notFound,
  type TeamDeps,
} from './access.ts';
import { byTeam, isAmong, type ListOfTeams } from './pages.ts';

export type Project = typeof projects.$inferSelect;

/** The projects of teams, oldest first, as a member sees them: none for whoever is no member any more. */
export const listProjects: ListOfTeams<Project> = async (db, { userId, teamIds }, { first, after }) => {
  const page = db
    .select()
    .from(projects)
    .where(and(eq(projects.teamId, teams.id), after === null ? undefined : gt(projects.id, after)))
    .orderBy(asc(projects.id))
    .limit(first)
    .as('page');
  const found = await db
    .select()
    .from(teams)
    .innerJoin(memberships, and(eq(memberships.teamId, teams.id), eq(memberships.userId, userId)))
    .crossJoinLateral(page)
    .where(isAmong(teamIds))
    .orderBy(asc(teams.id), asc(page.id));
  return byTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

/**
 * Adds a project to a team.
 * @throws AuthError `not_found`, `insufficient_permissions`
 */
export function addProject(
  { db }: TeamDeps,
  actor: Actor,
  { teamId, name }: { teamId: string; name: string },
): Promise<Project> {
  return db.transaction(async (tx) => {
    await enterTeam(tx, actor, { teamId, allowed: MANAGERS });
    const [project] = await tx.insert(projects).values({ id: uuidv7(), teamId, name }).returning();
    if (project === undefined) throw new Error('The inserted project was not returned.');
    await recordProjectEvent(tx, 'project_created', actor, project);
    return project;
  });
}

/**
 * Gives a project another name. The one it has already is no change.
 * @throws AuthError `invalid`, `required`, `max_length`, `rate_limited`, `not_found`, `insufficient_permissions`
 */
export async function renameProject(
  deps: ChangeDeps,
  actor: Actor,
  input: { projectId: string; name: string },
): Promise<Project> {
  const projectId = parseId(input.projectId, 'projectId');
  const name = parseName(input.name, 'name');
  await countChange(deps, actor);
  return deps.db.transaction(async (tx) => {
    await enterTeamOfProject(tx, actor, projectId);
    // Nobody but who holds the team changes it.
    const [before] = await tx.select().from(projects).where(eq(projects.id, projectId));
    if (before?.name === name) return before;
    const [project] = await tx.update(projects).set({ name }).where(eq(projects.id, projectId)).returning();
    if (project === undefined) throw notFound('project', 'projectId');
    await recordProjectEvent(tx, 'project_renamed', actor, project);
    return project;
  });
}

/**
 * Deletes a project.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`
 */
export function deleteProject({ db }: TeamDeps, actor: Actor, input: { projectId: string }): Promise<string> {
  const projectId = parseId(input.projectId, 'projectId');
  return db.transaction(async (tx) => {
    await enterTeamOfProject(tx, actor, projectId);
    const [project] = await tx.delete(projects).where(eq(projects.id, projectId)).returning();
    if (project === undefined) throw notFound('project', 'projectId');
    await recordProjectEvent(tx, 'project_deleted', actor, project);
    return projectId;
  });
}

/** A project never changes its team, so the team can be looked up before it is locked. */
async function enterTeamOfProject(tx: Transaction, actor: Actor, projectId: string): Promise<void> {
  const otherwise = notFound('project', 'projectId');
  const [project] = await tx
    .select({ teamId: projects.teamId })
    .from(projects)
    .where(eq(projects.id, projectId));
  if (project === undefined) throw otherwise;
  await enterTeam(tx, actor, { teamId: project.teamId, allowed: MANAGERS, otherwise });
}

const recordProjectEvent = (tx: Transaction, action: SecurityAction, actor: Actor, project: Project) =>
  recordSecurityEvent(tx, { action, ...eventOf(actor, project.teamId), details: { projectId: project.id } });
