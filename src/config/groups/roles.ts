import { z } from 'zod';
import { list } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** The gateway's own role of Hasura. The committed metadata has permissions for it. */
export const GATEWAY_ROLE = 'user';

/** The form of a role's name. Migrations repeat it as a check of the database. */
export const ROLE_NAME = /^[A-Za-z_][A-Za-z0-9_:.-]{0,62}$/;

const MAX_ROLES = 64;

/** Characters of DEFAULT_ROLES. Each account's token holds these roles beside those that an operator gave. */
const MAX_DEFAULT_LENGTH = 512;

/**
 * Roles that no token may hold. Hasura does not check permissions in role `admin`, and the committed metadata gives role
 * `anonymous` to clients without a token. GoTrue's admin roles would make a user the operator for its clients.
 */
export const FORBIDDEN_ROLES: readonly string[] = ['admin', 'anonymous', 'service_role', 'supabase_admin'];

const areForbidden = (roles: readonly string[]): boolean =>
  roles.some((role) => FORBIDDEN_ROLES.includes(role.toLowerCase()));

const sameBesidesCase = (roles: readonly string[]): boolean =>
  new Set(roles.map((role) => role.toLowerCase())).size < new Set(roles).size;

const FORM = 'a role is a letter or _, followed by at most 62 letters, digits, or characters of _ - . :';

const roleNames = () =>
  list().pipe(
    z
      .array(z.string().regex(ROLE_NAME, FORM))
      .max(MAX_ROLES, `must be at most ${MAX_ROLES} roles`)
      .refine((roles) => !areForbidden(roles), `no token may hold the roles ${FORBIDDEN_ROLES.join(', ')}`)
      .refine((roles) => !sameBesidesCase(roles), 'two roles differ only in upper and lower case'),
  );

/** The application's roles of Hasura. */
export const roleVariables = {
  HASURA_ROLES: variable({
    parser: roleNames(),
    default: '',
    description:
      "The application's roles of Hasura beside `user`, separated by commas: `editor,manager`. The operator gives them to users and to members of teams. The gateway serves each of them as it serves `user`. Read [Roles](#roles) before you remove one.",
    shownDefault: 'none',
  }),
  DEFAULT_ROLES: variable({
    parser: roleNames(),
    default: GATEWAY_ROLE,
    description:
      "The roles that every account has, separated by commas. The first is Hasura's default role. Each is `user` or is in HASURA_ROLES. `user` is only given if it is listed.",
  }),
};

export const roleConfig = (e: Environment) => {
  const [first = GATEWAY_ROLE, ...others] = e.DEFAULT_ROLES;
  return {
    roles: {
      /** The roles that a token may hold: the gateway's own role, and those of HASURA_ROLES. */
      declared: declaredRoles(e.HASURA_ROLES),
      /** The roles of every account. The first is Hasura's default role. */
      byDefault: [first, ...others] as const,
    },
  };
};

/** The roles that the gateway serves, each once: its own, and those of HASURA_ROLES. */
export const declaredRoles = (applicationRoles: readonly string[]): readonly string[] => [
  ...new Set([GATEWAY_ROLE, ...applicationRoles]),
];

/** Reports the role of clients without a token where a token would hold it, and default roles that are not declared. */
export function roleProblems(e: Environment): string[] {
  const declared = declaredRoles(e.HASURA_ROLES);
  const lists = { HASURA_ROLES: e.HASURA_ROLES, DEFAULT_ROLES: e.DEFAULT_ROLES };
  return [
    ...Object.entries(lists).flatMap(([name, roles]) =>
      roles.includes(e.HASURA_UNAUTHORIZED_ROLE)
        ? [`${name}: no token may hold the role of HASURA_UNAUTHORIZED_ROLE`]
        : [],
    ),
    ...(sameBesidesCase(declared)
      ? ['HASURA_ROLES: a role differs from `user` only in upper and lower case']
      : []),
    ...(e.DEFAULT_ROLES.every((role) => declared.includes(role))
      ? []
      : ['DEFAULT_ROLES: each role must be `user` or one of HASURA_ROLES']),
    ...(e.DEFAULT_ROLES.join().length > MAX_DEFAULT_LENGTH
      ? [`DEFAULT_ROLES: must be at most ${MAX_DEFAULT_LENGTH} characters, so that tokens stay short`]
      : []),
  ];
}
