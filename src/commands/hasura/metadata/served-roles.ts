import { declaredRoles, GATEWAY_ROLE } from '../../../config/groups/roles.ts';
import type { Declaration, TableDeclaration } from './declaration-types.ts';

/**
 * Returns the declaration with the application's roles: the gateway serves each of them as it serves `user`. Hasura needs
 * equal SDLs for them too, because an inherited role may join them.
 * @param applicationRoles the roles of HASURA_ROLES
 */
export function withRoles(declaration: Declaration, applicationRoles: readonly string[]): Declaration {
  const added = declaredRoles(applicationRoles).filter((role) => !declaration.roles.includes(role));
  if (added.length === 0) return declaration;
  const { remoteSchema } = declaration;
  return {
    ...declaration,
    roles: [...declaration.roles, ...added],
    tables: declaration.tables.map((table) => tableWithRoles(table, added)),
    remoteSchema: { ...remoteSchema, rootFields: likeGatewayRole(remoteSchema.rootFields, added) },
  };
}

const tableWithRoles = (table: TableDeclaration, added: readonly string[]): TableDeclaration => ({
  ...table,
  permissions: likeGatewayRole(table.permissions, added),
});

/** Adds an entry for each role that equals the one of `user`. */
function likeGatewayRole<Entry>(
  entries: Readonly<Record<string, Entry>>,
  added: readonly string[],
): Readonly<Record<string, Entry>> {
  const entry = entries[GATEWAY_ROLE];
  if (entry === undefined) return entries;
  return { ...entries, ...Object.fromEntries(added.map((role) => [role, entry])) };
}
