import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../db/client.ts';
import { rolesOfMembers, rolesOfUsers } from '../db/tables/roles.ts';
import { splitRoles } from './token-roles.ts';

/** A user, or a member of a team. */
export type RoleHolder = { userId: string; teamId: string | null };

/** Characters of the roles that the operator gives to one person, beside DEFAULT_ROLES. A token has room for them. */
export const MAX_GIVEN_LENGTH = 1024;

/** The roles that the operator gave to a user, and to them as a member of a team. DEFAULT_ROLES are not among them. */
export type GivenRoles = { ofUser: string[]; ofMember: string[] };

/** Finds the given roles of a user, and those of their membership in a team, each by name. */
export async function findGivenRoles(db: Queryable, { userId, teamId }: RoleHolder): Promise<GivenRoles> {
  const [found] = await db.execute<{ of_user: string | null; of_member: string | null }>(sql`
    select
      (select string_agg(role, ',' order by role) from ${rolesOfUsers} where user_id = ${userId}) as of_user,
      (select string_agg(role, ',' order by role) from ${rolesOfMembers}
        where user_id = ${userId} and team_id = ${teamId}::uuid) as of_member`);
  return { ofUser: splitRoles(found?.of_user ?? null), ofMember: splitRoles(found?.of_member ?? null) };
}

/** Lists the given roles of users, each by name. A user without one is missing. */
export async function listRolesOfUsers(
  db: Queryable,
  userIds: readonly string[],
): Promise<Map<string, string[]>> {
  const found = await db
    .select()
    .from(rolesOfUsers)
    .where(inArray(rolesOfUsers.userId, [...userIds]))
    .orderBy(asc(rolesOfUsers.role));
  const roles = new Map<string, string[]>();
  for (const { userId, role } of found) roles.set(userId, [...(roles.get(userId) ?? []), role]);
  return roles;
}

/** Replaces the given roles of a user, or of a member of a team. The transaction has locked the user, and then the team. */
export async function replaceGivenRoles(
  tx: Transaction,
  { userId, teamId }: RoleHolder,
  roles: readonly string[],
): Promise<void> {
  if (teamId === null) {
    await tx.delete(rolesOfUsers).where(eq(rolesOfUsers.userId, userId));
    if (roles.length > 0) await tx.insert(rolesOfUsers).values(roles.map((role) => ({ userId, role })));
    return;
  }
  const place = and(eq(rolesOfMembers.userId, userId), eq(rolesOfMembers.teamId, teamId));
  await tx.delete(rolesOfMembers).where(place);
  if (roles.length > 0)
    await tx.insert(rolesOfMembers).values(roles.map((role) => ({ teamId, userId, role })));
}

/** Returns the largest number of characters that the given roles of a user take in one token, separated by commas. */
export async function longestGivenLength(tx: Transaction, userId: string): Promise<number> {
  const [found] = await tx.execute<{ longest: number | null }>(sql`
    select max(length(roles))::int as longest from (
      select string_agg(distinct given.role, ',') as roles
      from (select null::uuid as team_id union select team_id from ${rolesOfMembers} where user_id = ${userId}) place
      cross join lateral (
        select role from ${rolesOfUsers} where user_id = ${userId}
        union all
        select role from ${rolesOfMembers} where user_id = ${userId} and team_id = place.team_id) given
      group by place.team_id) token`);
  return found?.longest ?? 0;
}
