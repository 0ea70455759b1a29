import { print } from 'graphql';
import type { Inconsistency } from './inconsistency.ts';
import type { EngineMetadata, InheritedRole } from './metadata-types.ts';
import type { RoleParts } from './remote-parts.ts';

/** The parents of an inherited role (hasura/README.md, "Inherited roles"). */
export const parentsIn =
  (roles: readonly InheritedRole[]) =>
  (role: string): readonly string[] =>
    roles.find(({ role_name: name }) => name === role)?.role_set ?? [];

/** The roles that the metadata name, parents before the roles that inherit from them. */
export function rolesOf({ sources, actions, remote_schemas, inherited_roles }: EngineMetadata): string[] {
  const entries = [
    ...sources
      .flatMap(({ tables }) => tables)
      .flatMap((table) => [
        ...[...(table.select_permissions ?? []), ...(table.insert_permissions ?? [])],
        ...[...(table.update_permissions ?? []), ...(table.delete_permissions ?? [])],
      ]),
    ...[...actions, ...remote_schemas].flatMap(({ permissions }): { role: string }[] => permissions ?? []),
  ];
  const inherited = inherited_roles.flatMap(({ role_name: name, role_set: set }) => [...set, name]);
  return [...new Set(['admin', ...entries.map(({ role }) => role), ...inherited])];
}

/**
 * What the roles see of a remote schema, inherited roles included: they have the SDL of their parents if those are equal.
 * Otherwise the role is inconsistent, without a name.
 */
export function withInherited(
  remote: string,
  parts: RoleParts,
  roles: readonly InheritedRole[],
  inconsistent: Inconsistency[],
): RoleParts {
  const parents = parentsIn(roles);
  const partOf: RoleParts = (role) => {
    const own = parts(role);
    if (own !== null || parents(role).length === 0) return own;
    const given = parents(role).flatMap((parent) => partOf(parent) ?? []);
    const [first = null] = given;
    return given.every(({ document }) => first !== null && print(document) === print(first.document))
      ? first
      : null;
  };
  for (const { role_name: role, role_set: set } of roles) {
    const isGiven = set.some((parent) => partOf(parent) !== null);
    if (isGiven && partOf(role) === null) inconsistent.push(notInherited(role, `remote schema: ${remote}`));
  }
  return partOf;
}

const notInherited = (role: string, entity: string): Inconsistency => ({
  type: 'inherited role permission inconsistency',
  reason: `Could not inherit permission for the role '${role}' for the entity: '${entity}'`,
  definition: { role_name: role, entity },
});

/** Changes of a table are inherited if all parents that may make them may do so alike. */
export function noteUninherited(
  { sources, inherited_roles }: EngineMetadata,
  inconsistent: Inconsistency[],
): void {
  for (const { role_name: role, role_set: set } of inherited_roles)
    for (const { name: source, tables } of sources)
      for (const tracked of tables)
        for (const kind of ['insert_permissions', 'update_permissions', 'delete_permissions'] as const) {
          const entries = (tracked[kind] ?? []) as { role: string; permission: object }[];
          if (entries.some((entry) => entry.role === role)) continue;
          const given = entries
            .filter((entry) => set.includes(entry.role))
            .map(({ permission }) => JSON.stringify(permission));
          if (new Set(given).size > 1)
            inconsistent.push(
              notInherited(role, `table: ${tracked.table.schema}.${tracked.table.name}, source: ${source}`),
            );
        }
}
