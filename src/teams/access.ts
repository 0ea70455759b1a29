import { and, eq } from 'drizzle-orm';
import type { EventOrigin } from '../audit/security-events.ts';
import type { Config } from '../config/config.ts';
import type { Database, Transaction } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { type MembershipRole, memberships, teams } from '../db/tables/teams.ts';
import { AuthError } from '../errors.ts';
import { changeLimit } from '../limits/changes.ts';
import type { RateLimiter } from '../limits/rate-limits.ts';
import type { User } from '../users/users.ts';
import { lockActor } from './locks.ts';
import type { TeamMembership } from './teams.ts';

/** Who does something in a team, from where. */
export type Actor = Readonly<{ user: User; sessionId: string | null; origin: EventOrigin }>;

export type TeamDeps = Readonly<{ db: Database }>;
export type ChangeDeps = TeamDeps & Readonly<{ config: Pick<Config, 'limits'>; rateLimiter: RateLimiter }>;

/**
 * Counts a change that a person may repeat without end.
 * @throws AuthError `rate_limited`
 */
export const countChange = ({ config, rateLimiter }: ChangeDeps, { user }: Actor): Promise<void> =>
  rateLimiter.consume([changeLimit(config, user.id)]);

export const MANAGERS: readonly MembershipRole[] = ['OWNER', 'ADMIN'];
export const OWNERS: readonly MembershipRole[] = ['OWNER'];
export const ANYBODY: readonly MembershipRole[] = ['OWNER', 'ADMIN', 'MEMBER'];

export const notFound = (what: string, attribute: string): AuthError =>
  new AuthError('not_found', { attribute, message: `There is no such ${what}.` });

type Entry = {
  teamId: string;
  /** Who may; a member whose role is another is told so. */
  allowed: readonly MembershipRole[];
  /** What a stranger is told; the same whether there is such a team or not. */
  otherwise?: AuthError;
};

/**
 * Begins a change of a team: locks the actor's account, then the team, so that changes of one team take turns, and then
 * finds the actor's role, which no other transaction changes before this one ends. Everything else is locked later, in
 * the order of src/db/README.md.
 *
 * @throws AuthError `not_found` for whoever is no member, `insufficient_permissions` for a member whose role is too weak
 */
export async function enterTeam(tx: Transaction, actor: Actor, entry: Entry): Promise<TeamMembership> {
  const { teamId, allowed, otherwise = notFound('team', 'teamId') } = entry;
  const userId = actor.user.id;
  const isEnabled = await lockActor(tx, userId);
  const [team] = await tx.select().from(teams).where(eq(teams.id, teamId)).for('update');
  // A statement of its own: one that waited for the team would still see the roles of before.
  const [member] = await tx
    .select({ role: memberships.role })
    .from(memberships)
    .where(and(eq(memberships.teamId, teamId), eq(memberships.userId, userId)))
    .for('share');
  if (!isEnabled || team === undefined || member === undefined) throw otherwise;
  if (!allowed.includes(member.role)) throw new AuthError('insufficient_permissions');
  return { team, role: member.role, userId };
}

/** What every event of a team says about who caused it. */
export const eventOf = ({ user, sessionId, origin }: Actor, teamId: string) => ({
  userId: user.id,
  sessionId,
  teamId,
  origin,
});

const SOLE_OWNER = 'memberships_team_has_owner';

/**
 * Runs what may leave a team without an owner. The database's trigger decides.
 * @throws AuthError `sole_owner`
 */
export async function keepingAnOwner<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw violates(error, SOLE_OWNER) ? new AuthError('sole_owner', { cause: error }) : error;
  }
}
