import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import {
  longestGivenLength,
  MAX_GIVEN_LENGTH,
  type RoleHolder,
  replaceGivenRoles,
} from '../../roles/given-roles.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/** Returns the roles by name, each once. @throws AuthError `invalid` (roles) if HASURA_ROLES does not declare one */
export function parseRoles({ config }: Pick<Deps, 'config'>, roles: readonly string[]): string[] {
  if (!roles.every((role) => config.roles.declared.includes(role)))
    throw new AuthError('invalid', {
      attribute: 'roles',
      message: 'A role is not one of HASURA_ROLES.',
    });
  return [...new Set(roles)].sort();
}

type RoleChange = {
  holder: RoleHolder;
  /** In the form that parseRoles returns. */
  roles: readonly string[];
  /** The roles that the holder has now. */
  former: readonly string[];
};

/**
 * Replaces the roles of a user or of a member, for the operator. The transaction has locked the holder.
 * @throws AuthError `too_many_roles` (roles)
 */
export async function giveRoles(
  tx: Transaction,
  deps: Pick<Deps, 'config'>,
  by: Caller,
  { holder, roles, former }: RoleChange,
): Promise<void> {
  if (former.join() === roles.join()) return;
  const { userId, teamId } = holder;
  await replaceGivenRoles(tx, holder, roles);
  if ((await longestGivenLength(tx, userId)) > MAX_GIVEN_LENGTH)
    throw new AuthError('too_many_roles', { attribute: 'roles' });
  const details = { by: administratorOf(by), roles: roles.join(), formerRoles: former.join() };
  await recordSecurityEvent(tx, { action: 'roles_changed', userId, teamId, device: by.device, details });
  await enqueueWebhooks(tx, deps, { type: 'user.roles_changed', data: { userId, teamId, roles } });
}
