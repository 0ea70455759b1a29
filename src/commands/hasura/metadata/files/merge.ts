import { isDeepStrictEqual } from 'node:util';
import { GATEWAY_ROLE } from '../../../../config/groups/roles.ts';
import type { RemoteSchemaMetadata, TableMetadata } from '../objects/types.ts';

type Entry = Readonly<Record<string, unknown>>;
type ForRole = Entry & { role?: unknown };

const entriesOf = (value: unknown): Entry[] => (Array.isArray(value) ? (value as Entry[]) : []);

/**
 * Returns our permissions, then those of roles that are not ours. A permission like that of `user` was ours: its role is no longer
 * declared.
 */
function withOtherRoles(present: unknown, ours: readonly ForRole[], roles: readonly string[]): ForRole[] {
  const { role: _, ...model } = ours.find(({ role }) => role === GATEWAY_ROLE) ?? {};
  const others = (entriesOf(present) as ForRole[]).filter(({ role, ...permission }) => {
    return !roles.includes(String(role)) && !isDeepStrictEqual(permission, model);
  });
  return [...ours, ...others];
}

/** Returns our entries, then those with other names. */
function withOtherNames(present: unknown, ours: readonly Entry[]): Entry[] {
  const others = entriesOf(present).filter(({ name }) => !ours.some((entry) => entry.name === name));
  return [...ours, ...others];
}

/** Returns our entry, then the keys that only the present one has. */
const withOtherKeys = (present: Entry, ours: Entry): Entry => ({
  ...ours,
  ...Object.fromEntries(Object.entries(present).filter(([key]) => !(key in ours))),
});

/** Keeps what an application adds to our remote schema: relationships to its tables, other names, permissions. */
export const mergeRemoteSchema = (roles: readonly string[]) => (present: unknown, ours: unknown) => {
  const { definition, permissions, ...schema } = ours as RemoteSchemaMetadata;
  const { definition: set, permissions: given, ...rest } = present as Entry;
  const { customization } = (set ?? {}) as Entry;
  const { name, comment } = schema;
  const own = {
    name,
    definition: customization === undefined ? definition : { ...definition, customization },
    comment,
    permissions: withOtherRoles(given, permissions, roles),
  };
  return withOtherKeys(rest, own);
};

const RELATIONSHIPS = ['object_relationships', 'array_relationships', 'remote_relationships'] as const;
const PERMISSIONS = [
  ...(['select_permissions', 'update_permissions'] as const),
  ...(['insert_permissions', 'delete_permissions'] as const),
] as const;

/** Keeps what an application adds to a table of ours: relationships, permissions of its roles, and keys that we do not write. */
export const mergeTable = (roles: readonly string[]) => (present: unknown, ours: TableMetadata) => {
  const { configuration: _, ...rest } = present as Entry;
  const own: Entry = ours;
  const { table, configuration } = ours;
  const lists = [
    ...RELATIONSHIPS.map((key) => [key, withOtherNames(rest[key], entriesOf(own[key]))] as const),
    ...PERMISSIONS.map((key) => [key, withOtherRoles(rest[key], entriesOf(own[key]), roles)] as const),
  ];
  const full = Object.fromEntries(lists.filter(([, list]) => list.length > 0));
  const dropped = lists.filter(([, list]) => list.length === 0).map(([key]) => key);
  const others = Object.entries(rest).filter(([key]) => !dropped.some((gone) => gone === key));
  return withOtherKeys(Object.fromEntries(others), {
    table,
    ...(configuration !== undefined && { configuration }),
    ...full,
  });
};
