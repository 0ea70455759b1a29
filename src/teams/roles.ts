import type { InvitedRole, MembershipRole } from '../db/tables/teams.ts';

export type { InvitedRole, MembershipRole };

export const MANAGERS: readonly MembershipRole[] = ['OWNER', 'ADMIN'];
export const OWNERS: readonly MembershipRole[] = ['OWNER'];
export const ALL_ROLES: readonly MembershipRole[] = ['OWNER', 'ADMIN', 'MEMBER'];

/** Returns the roles to which a member with this role may invite others. */
export function invitableBy(role: MembershipRole): readonly InvitedRole[] {
  if (role === 'OWNER') return ['ADMIN', 'MEMBER'];
  return role === 'ADMIN' ? ['MEMBER'] : [];
}
