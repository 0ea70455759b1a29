import { asc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { type MembershipRole, memberships, teams } from './tables.ts';

export type Team = typeof teams.$inferSelect;
/** A team as one of its members sees it. */
export type TeamMembership = { team: Team; role: MembershipRole };

/** Creates a team whose owner is the given user. */
export async function createTeam(
  tx: Queryable,
  input: { name: string; ownerId: string },
): Promise<TeamMembership> {
  const [team] = await tx.insert(teams).values({ id: uuidv7(), name: input.name }).returning();
  if (team === undefined) throw new Error('The inserted team was not returned.');
  await tx.insert(memberships).values({ teamId: team.id, userId: input.ownerId, role: 'OWNER' });
  return { team, role: 'OWNER' };
}

const teamsOfUser = statement((db) =>
  db
    .select({ team: teams, role: memberships.role })
    .from(memberships)
    .innerJoin(teams, eq(teams.id, memberships.teamId))
    .where(eq(memberships.userId, sql.placeholder('userId')))
    .orderBy(asc(memberships.createdAt), asc(teams.id))
    .limit(100)
    .prepare('teams_of_user'),
);

/** The teams of a user, the one they joined first at the front; at most 100. */
export const listTeamsOfUser = (db: Database, userId: string): Promise<TeamMembership[]> =>
  teamsOfUser(db).execute({ userId });
