import { and, asc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Device } from '../audit/device.ts';
import { recordSecurityEvent } from '../audit/security-events.ts';
import { type Database, type Queryable, statement, type Transaction } from '../db/client.ts';
import { runGuarded } from '../db/guarded.ts';
import { memberships, projects, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import { parseName } from '../users/attributes.ts';
import type { Team, TeamMembership } from './membership.ts';
import { isAmong } from './pages.ts';

/** Inserts a team with the given user as its owner, and records it as a security event. */
export async function insertTeam(
  tx: Queryable,
  input: { name: string; ownerId: string; sessionId?: string | null; device?: Device },
): Promise<TeamMembership> {
  const { name, ownerId, sessionId = null, device } = input;
  const [team] = await tx.insert(teams).values({ id: uuidv7(), name }).returning();
  if (team === undefined) throw new Error('The inserted team was not returned.');
  await tx.insert(memberships).values({ teamId: team.id, userId: ownerId, role: 'OWNER' });
  const event = { userId: ownerId, sessionId, teamId: team.id, ...(device && { device }) };
  await recordSecurityEvent(tx, { action: 'team_created', ...event });
  return { team, role: 'OWNER', userId: ownerId };
}

/** Makes the name "Ada's team"; "My team" if the user's name is missing, too long, or older than the rules for names. */
function defaultTeamName(userName: string | null): string {
  if (userName === null) return 'My team';
  try {
    parseName(userName, 'name');
    return parseName(`${userName.trim()}'s team`, 'name');
  } catch (error) {
    if (error instanceof AuthError) return 'My team';
    throw error;
  }
}

/**
 * Creates a team with its first project for a person who owns no team. It locks the user, so that several calls at once
 * create one team. Null if the person owns a team already, or was not found.
 */
export async function createDefaultTeam(
  tx: Transaction,
  input: { userId: string; name?: string; sessionId?: string | null; device?: Device },
): Promise<TeamMembership | null> {
  const { userId, name, ...event } = input;
  const [user] = await tx
    .select({ name: users.name })
    .from(users)
    .where(eq(users.id, userId))
    .for('no key update');
  if (user === undefined) return null;
  const owned = await tx
    .select({ teamId: memberships.teamId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), eq(memberships.role, 'OWNER')))
    .limit(1);
  if (owned.length > 0) return null;
  const made = await insertTeam(tx, { name: name ?? defaultTeamName(user.name), ownerId: userId, ...event });
  await tx.insert(projects).values({ id: uuidv7(), teamId: made.team.id, name: 'Default project' });
  return made;
}

const teamsOfUser = statement((db) =>
  db
    .select({ team: teams, role: memberships.role, userId: memberships.userId })
    .from(memberships)
    .innerJoin(teams, eq(teams.id, memberships.teamId))
    .where(eq(memberships.userId, sql.placeholder('userId')))
    .orderBy(asc(memberships.createdAt), asc(teams.id))
    .limit(100)
    .prepare('teams_of_user'),
);

/** Lists the teams of a user, the one that they joined first at the front; at most 100. */
export const listTeamsOfUser = (db: Database, userId: string): Promise<TeamMembership[]> =>
  teamsOfUser(db).execute({ userId });

/** Finds those of the given teams that the user is in, by team id. */
export async function findTeamsOfUser(
  db: Database,
  { userId, teamIds }: { userId: string; teamIds: readonly string[] },
): Promise<Map<string, TeamMembership>> {
  const found = await db
    .select({ team: teams, role: memberships.role, userId: memberships.userId })
    .from(memberships)
    .innerJoin(teams, eq(teams.id, memberships.teamId))
    .where(and(eq(memberships.userId, userId), isAmong(teamIds)));
  return new Map(found.map((membership) => [membership.team.id, membership]));
}

/** Finds a team of the user; null if they are not in it. */
export async function findTeamOfUser(
  db: Queryable,
  { userId, teamId }: { userId: string; teamId: string },
): Promise<TeamMembership | null> {
  const [found] = await db
    .select({ team: teams, role: memberships.role, userId: memberships.userId })
    .from(memberships)
    .innerJoin(teams, eq(teams.id, memberships.teamId))
    .where(and(eq(memberships.userId, userId), eq(memberships.teamId, teamId)));
  return found ?? null;
}

/**
 * Renames a team that the transaction has locked.
 * @throws AuthError `refused_by_application`
 */
export async function updateTeamName(
  tx: Transaction,
  { teamId, name }: { teamId: string; name: string },
): Promise<Team> {
  await runGuarded(tx, sql`select from portcullis_private.update_team(${teamId}, ${name})`);
  const [team] = await tx.select().from(teams).where(eq(teams.id, teamId));
  if (team === undefined) throw new Error('The locked team is gone.');
  return team;
}

/**
 * Deletes teams with their memberships, projects and invites. The transaction has locked them.
 * @throws AuthError `refused_by_application`
 */
export async function deleteTeamRows(tx: Transaction, teamIds: readonly string[]): Promise<void> {
  const ids = teamIds.join(',');
  await runGuarded(
    tx,
    sql`select from portcullis_private.delete_teams(string_to_array(${ids}, ',')::uuid[])`,
  );
}

const activeTeamOfUser = statement((db) =>
  db
    .select({ team: teams, role: memberships.role, userId: memberships.userId })
    .from(memberships)
    .innerJoin(teams, eq(teams.id, memberships.teamId))
    .where(eq(memberships.userId, sql.placeholder('userId')))
    .orderBy(
      sql`${memberships.teamId} is not distinct from ${sql.placeholder('activeTeamId')}::uuid desc`,
      asc(memberships.createdAt),
      asc(teams.id),
    )
    .limit(1)
    .prepare('active_team_of_user'),
);

/**
 * Finds the team for the team token of a session: the active one, otherwise the one that the user joined first. Null if the
 * user has no team.
 */
export async function findActiveTeam(
  db: Database,
  input: { userId: string; activeTeamId: string | null },
): Promise<TeamMembership | null> {
  const [found] = await activeTeamOfUser(db).execute(input);
  return found ?? null;
}
