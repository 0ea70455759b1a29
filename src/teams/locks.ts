import { and, asc, eq, inArray, isNull } from 'drizzle-orm';
import type { Transaction } from '../db/client.ts';
import { sessions } from '../db/tables/sessions.ts';
import { memberships, teams } from '../db/tables/teams.ts';
import { users } from '../db/tables/users.ts';

// The order in which transactions lock rows: src/db/README.md.

/**
 * Locks the account of the person who acts, before a team is locked. Until the transaction ends, no other one deletes or
 * disables the account. Postgres takes the same lock when the transaction inserts rows that refer to the account.
 * @returns whether the account exists and is not disabled
 */
export async function lockAccount(tx: Transaction, userId: string): Promise<boolean> {
  const found = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.disabledAt)))
    .for('key share');
  return found.length > 0;
}

/** Selects the ids of the teams that a person is a member of. */
export const teamsOf = (tx: Transaction, userId: string) =>
  tx.select({ teamId: memberships.teamId }).from(memberships).where(eq(memberships.userId, userId));

/** Locks the teams of a person. The transaction has locked the person. */
export const lockTeamsOf = (tx: Transaction, userId: string) =>
  tx
    .select({ id: teams.id })
    .from(teams)
    .where(inArray(teams.id, teamsOf(tx, userId)))
    .orderBy(asc(teams.id))
    .for('update');

/**
 * Locks the sessions in which a team is active: all of them, or those of one person. The transaction has locked the team.
 */
export const lockSessionsIn = (tx: Transaction, teamId: string, userId?: string) =>
  tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(eq(sessions.activeTeamId, teamId), userId === undefined ? undefined : eq(sessions.userId, userId)),
    )
    .orderBy(asc(sessions.id))
    .for('no key update');
