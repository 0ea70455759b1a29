import type { Config } from '../config/config.ts';

/** The roles of Hasura that a token holds. The default role is the first one. */
export type TokenRoles = readonly [string, ...string[]];

/**
 * Returns the roles for a token: DEFAULT_ROLES, then the given ones that HASURA_ROLES still declares, each once.
 * @param given the roles that the operator gave; of a member too where the token is the team's
 */
export function tokenRoles({ roles }: Pick<Config, 'roles'>, given: readonly string[]): TokenRoles {
  const [first, ...others] = roles.byDefault;
  const declared = given.filter((role) => roles.declared.includes(role));
  const more = new Set([...others, ...declared]);
  more.delete(first);
  return [first, ...more];
}

/** Returns those of the roles that a token is limited to, in the same order; null if none is left. */
export function limitRoles(roles: TokenRoles, limit: readonly string[]): TokenRoles | null {
  const [first, ...others] = roles.filter((role) => limit.includes(role));
  return first === undefined ? null : [first, ...others];
}

/** Splits the list of roles that a statement returns as a text; null means that the operator gave none. */
export const splitRoles = (roles: string | null): string[] => (roles === null ? [] : roles.split(','));
