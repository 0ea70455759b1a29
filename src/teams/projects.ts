import { and, asc, eq, gt } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../db/client.ts';
import { memberships, projects, teams } from '../db/tables/teams.ts';
import { groupByTeam, isAmong, type ListOfTeams } from './pages.ts';

export type Project = typeof projects.$inferSelect;

/** Lists the projects of teams, oldest first. Only members of a team see them. */
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
  return groupByTeam(found.map(({ teams: { id }, page: item }) => ({ teamId: id, item })));
};

/** Inserts a project into a team that the transaction has locked. */
export async function insertProject(
  tx: Transaction,
  { teamId, name }: { teamId: string; name: string },
): Promise<Project> {
  const [project] = await tx.insert(projects).values({ id: uuidv7(), teamId, name }).returning();
  if (project === undefined) throw new Error('The inserted project was not returned.');
  return project;
}

/** Finds a project by id; null if not found. */
export async function findProject(tx: Transaction, projectId: string): Promise<Project | null> {
  const [project] = await tx.select().from(projects).where(eq(projects.id, projectId));
  return project ?? null;
}

/** Renames a project whose team the transaction has locked; null if it is gone. */
export async function updateProjectName(
  tx: Transaction,
  { projectId, name }: { projectId: string; name: string },
): Promise<Project | null> {
  const [project] = await tx.update(projects).set({ name }).where(eq(projects.id, projectId)).returning();
  return project ?? null;
}

/** Deletes a project whose team the transaction has locked. Returns false if it is gone. */
export async function deleteProjectRow(tx: Transaction, projectId: string): Promise<boolean> {
  const deleted = await tx.delete(projects).where(eq(projects.id, projectId)).returning({ id: projects.id });
  return deleted.length > 0;
}
