import { and, asc, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type EventOrigin, recordSecurityEvent } from '../audit/security-events.ts';
import { type Database, type Queryable, statement, type Transaction } from '../db/client.ts';
import { type MembershipRole, memberships, projects, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';
import { parseId } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';
import { parseName } from '../users/attributes.ts';
import {
  type Actor,
  type ChangeDeps,
  countChange,
  enterTeam,
  eventOf,
  MANAGERS,
  OWNERS,
  type TeamDeps,
} from './access.ts';
import { lockSessionsIn } from './locks.ts';
import { isAmong } from './pages.ts';

export type Team = typeof teams.$inferSelect;
/** A team as one of its members sees it. */
export type TeamMembership = { team: Team; role: MembershipRole; userId: string };

/** Creates a team whose owner is the given user. */
export async function createTeam(
  tx: Queryable,
  input: { name: string; ownerId: string; sessionId?: string | null; origin?: EventOrigin },
): Promise<TeamMembership> {
  const { name, ownerId, sessionId = null, origin } = input;
  const [team] = await tx.insert(teams).values({ id: uuidv7(), name }).returning();
  if (team === undefined) throw new Error('The inserted team was not returned.');
  await tx.insert(memberships).values({ teamId: team.id, userId: ownerId, role: 'OWNER' });
  const event = { userId: ownerId, sessionId, teamId: team.id, ...(origin && { origin }) };
  await recordSecurityEvent(tx, { action: 'team_created', ...event });
  return { team, role: 'OWNER', userId: ownerId };
}

/** "Ada's team", or "My team" where a name is missing, too long, or older than the rules for names. */
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
 * The team, with its first project, that a person gets who owns none. The lock on the user makes it one team, however many ask.
 * Returns null where nothing was done.
 */
export async function createDefaultTeam(
  tx: Transaction,
  input: { userId: string; name?: string; sessionId?: string | null; origin?: EventOrigin },
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
  const made = await createTeam(tx, { name: name ?? defaultTeamName(user.name), ownerId: userId, ...event });
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

/** The teams of a user, the one they joined first at the front; at most 100. */
export const listTeamsOfUser = (db: Database, userId: string): Promise<TeamMembership[]> =>
  teamsOfUser(db).execute({ userId });

/** Of these teams those that the user is in, by id. */
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

/** A team of the user, or null for one that they are not in. */
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
 * Gives a team another name. The one it has already is no change.
 * @throws AuthError `invalid`, `required`, `max_length`, `rate_limited`, `not_found`, `insufficient_permissions`
 */
export async function renameTeam(
  deps: ChangeDeps,
  actor: Actor,
  input: { teamId: string; name: string },
): Promise<TeamMembership> {
  const teamId = parseId(input.teamId, 'teamId');
  const name = parseName(input.name, 'name');
  await countChange(deps, actor);
  return deps.db.transaction(async (tx) => {
    const entered = await enterTeam(tx, actor, { teamId, allowed: MANAGERS });
    if (entered.team.name === name) return entered;
    const [team] = await tx.update(teams).set({ name }).where(eq(teams.id, teamId)).returning();
    if (team === undefined) throw new Error('The locked team is gone.');
    await recordSecurityEvent(tx, { action: 'team_renamed', ...eventOf(actor, teamId) });
    return { ...entered, team };
  });
}

/**
 * Deletes a team with its memberships, projects and invites. Sessions in which it was active have no active team then.
 * @throws AuthError `invalid`, `not_found`, `insufficient_permissions`
 */
export function deleteTeam({ db }: TeamDeps, actor: Actor, input: { teamId: string }): Promise<string> {
  const teamId = parseId(input.teamId, 'teamId');
  return db.transaction(async (tx) => {
    await enterTeam(tx, actor, { teamId, allowed: OWNERS });
    await lockSessionsIn(tx, teamId);
    await tx.delete(teams).where(eq(teams.id, teamId));
    await recordSecurityEvent(tx, { action: 'team_deleted', ...eventOf(actor, teamId) });
    return teamId;
  });
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

/** The team that a session's team token is for: the active one, else the one the user joined first. */
export async function findActiveTeam(
  db: Database,
  input: { userId: string; activeTeamId: string | null },
): Promise<TeamMembership | null> {
  const [found] = await activeTeamOfUser(db).execute(input);
  return found ?? null;
}
