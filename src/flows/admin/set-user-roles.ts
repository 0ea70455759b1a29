import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { findGivenRoles, type RoleHolder } from '../../roles/given-roles.ts';
import { tokenRoles } from '../../roles/token-roles.ts';
import { lockMembership } from '../../teams/members.ts';
import { lockUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { giveRoles, parseRoles } from '../shared/give-roles.ts';

export type SetUserRolesInput = {
  userId: string;
  /** The roles that the user shall have beside DEFAULT_ROLES. They replace the earlier ones. */
  roles: readonly string[];
  /** The team in whose tokens the roles shall stand; null for all of the user's tokens. */
  teamId: string | null;
};

/** The roles after the change. */
export type SetUserRoles = RoleHolder & {
  /** The given roles. */
  roles: readonly string[];
  /** The roles in the tokens that are issued from now on: the team's tokens, if the roles are a member's. */
  allowedRoles: readonly string[];
};

/**
 * Gives Hasura's roles to a user, or to a member of a team, and takes the others away. Tokens follow at their next refresh. For the
 * operator; idempotent.
 * @throws AuthError `invalid` (userId, teamId; roles that HASURA_ROLES does not declare), `not_found` (userId; teamId if the user
 * is not a member), `too_many_roles` (roles)
 */
export async function setUserRoles(deps: Deps, by: Caller, input: SetUserRolesInput): Promise<SetUserRoles> {
  const userId = parseId(input.userId, 'userId');
  const teamId = input.teamId === null ? null : parseId(input.teamId, 'teamId');
  const roles = parseRoles(deps, input.roles);
  return deps.db.transaction(async (tx) => {
    const holder = { userId, teamId };
    await lockHolder(tx, holder);
    const { ofUser, ofMember } = await findGivenRoles(tx, holder);
    const former = teamId === null ? ofUser : ofMember;
    const allowedRoles = tokenRoles(deps.config, teamId === null ? roles : [...ofUser, ...roles]);
    const result = { ...holder, roles, allowedRoles };
    await giveRoles(tx, deps, by, { holder, roles, former });
    return result;
  });
}

async function lockHolder(tx: Transaction, { userId, teamId }: RoleHolder): Promise<void> {
  const user = await lockUser(tx, userId);
  if (user === null)
    throw new AuthError('not_found', { attribute: 'userId', message: 'This account does not exist.' });
  if (teamId !== null && !(await lockMembership(tx, { userId, teamId })))
    throw new AuthError('not_found', {
      attribute: 'teamId',
      message: 'The account is not a member of this team.',
    });
}
