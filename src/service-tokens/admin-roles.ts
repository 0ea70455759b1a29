import type { Config } from '../config/config.ts';

/** Whether the claim `role` of a token is one of GOTRUE_ADMIN_ROLES, which manage accounts. Null: the token has no role. */
export const isAdminRole = (
  { config }: { config: Pick<Config, 'serviceRole'> },
  role: string | null,
): role is string => role !== null && config.serviceRole.adminRoles.includes(role);
