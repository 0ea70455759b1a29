import { z } from 'zod';
import { list, secrets } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** Roles that people and requests without a token have. None of them may administrate. */
const ORDINARY_ROLES = ['anon', 'anonymous', 'authenticated', 'user'];

const adminRole = z
  .string()
  .max(255, 'must have at most 255 characters')
  .refine((role) => !ORDINARY_ROLES.includes(role), `must not be ${ORDINARY_ROLES.join(', ')}`);

/** Who administrates the accounts through the GoTrue dialect. */
export const serviceRoleVariables = {
  GOTRUE_JWT_SECRET: variable({
    parser: secrets(),
    description:
      'A secret of at least 32 characters, with which other services sign tokens (HS256) for the GoTrue dialect, as GoTrue has it. While you rotate it: two secrets, separated by a comma. Without it no token by a shared secret is accepted. [Service tokens](../service-tokens/README.md) need none.',
    shownDefault: 'none',
    secret: true,
  }),
  GOTRUE_ADMIN_ROLES: variable({
    parser: list().pipe(z.array(adminRole).min(1).max(20)),
    default: 'service_role,supabase_admin,fastrue_admin',
    description:
      'The roles of tokens that administrate the accounts at the GoTrue dialect, separated by commas. A user cannot have one of them.',
  }),
};

export const serviceRoleConfig = (e: Environment) => ({
  serviceRole: {
    /** One or two secrets that other services sign with; empty without GOTRUE_JWT_SECRET. */
    secrets: e.GOTRUE_JWT_SECRET ?? [],
    adminRoles: e.GOTRUE_ADMIN_ROLES,
  },
});
