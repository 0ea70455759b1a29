import { refusal } from '../failure.ts';
import type { BoolExp, EngineMetadata, TableName, TrackedTable } from '../metadata-types.ts';

/** An object that needs another one, and how to remove it with that. */
export type Dependent = { what: string; remove(): void };

const isSame = (one: TableName, other: TableName): boolean =>
  one.schema === other.schema && one.name === other.name;
type Relationships = 'object_relationships' | 'array_relationships' | 'remote_relationships';

function dependent(tracked: TrackedTable, kind: Relationships, name: string, source: string): Dependent {
  const { table } = tracked;
  return {
    what: `relationship ${table.schema}.${table.name}.${name} in source "${source}"`,
    remove() {
      const left = tracked[kind] as { name: string }[] | undefined;
      Object.assign(tracked, { [kind]: left?.filter((relationship) => relationship.name !== name) });
    },
  };
}

/** Whether a condition uses a name on any level, such as a relationship. */
const mentions = (condition: unknown, name: string): boolean =>
  typeof condition === 'object' &&
  condition !== null &&
  Object.entries(condition as BoolExp).some(([key, value]) => key === name || mentions(value, name));

const PERMISSIONS = ['select', 'insert', 'update', 'delete'] as const;

/** The permissions of a table that use a relationship. */
export function permissionsBy(tracked: TrackedTable, relationship: string): Dependent[] {
  return PERMISSIONS.flatMap((kind) => {
    const key = `${kind}_permissions` as const;
    const entries = (tracked[key] ?? []) as { role: string; permission: object }[];
    return entries
      .filter(({ permission }) => {
        const { filter, check } = permission as { filter?: unknown; check?: unknown };
        return mentions(filter, relationship) || mentions(check, relationship);
      })
      .map(({ role }) => ({
        what: `permission ${tracked.table.schema}.${tracked.table.name}.${role}.${kind}`,
        remove() {
          Object.assign(tracked, { [key]: entries.filter((entry) => entry.role !== role) });
        },
      }));
  });
}

/** Where a relationship of a table leads inside its source. */
function leadsTo(
  tracked: TrackedTable,
  target: TableName,
  foreignKey: (column: string) => TableName | null,
): Dependent[] {
  const objects = (tracked.object_relationships ?? []).filter(({ using }) => {
    const { foreign_key_constraint_on: key, manual_configuration: manual } = using;
    const table = manual?.remote_table ?? (typeof key === 'string' ? foreignKey(key) : null);
    return table !== null && isSame(table, target);
  });
  const arrays = (tracked.array_relationships ?? []).filter(({ using }) => {
    const table = using.manual_configuration?.remote_table ?? using.foreign_key_constraint_on?.table;
    return table !== undefined && isSame(table, target);
  });
  return [
    ...objects.flatMap(({ name }) => [
      dependent(tracked, 'object_relationships', name, ''),
      ...permissionsBy(tracked, name),
    ]),
    ...arrays.flatMap(({ name }) => [
      dependent(tracked, 'array_relationships', name, ''),
      ...permissionsBy(tracked, name),
    ]),
  ];
}

type ForeignKeys = (source: string, table: TableName, column: string) => TableName | null;

/** What needs a table: relationships and their permissions in its source, joins of others, and types of actions. */
export function dependentsOfTable(
  metadata: EngineMetadata,
  place: { source: string; table: TableName },
  foreignKey: ForeignKeys,
): Dependent[] {
  const inside = metadata.sources
    .filter(({ name }) => name === place.source)
    .flatMap(({ tables }) => tables)
    .filter((tracked) => !isSame(tracked.table, place.table))
    .flatMap((tracked) =>
      leadsTo(tracked, place.table, (column) => foreignKey(place.source, tracked.table, column)),
    );
  return [
    ...inside,
    ...joinsTo(metadata, ({ source, table }) => source === place.source && isSame(table, place.table)),
  ];
}

type Target = { source: string; table: TableName };

/** Joins and types of actions that lead to tables of a source. */
export function joinsTo(metadata: EngineMetadata, isIt: (target: Target) => boolean): Dependent[] {
  const joins = metadata.sources.flatMap(({ name: source, tables }) =>
    tables.flatMap((tracked) =>
      (tracked.remote_relationships ?? [])
        .filter(({ definition }) => definition.to_source !== undefined && isIt(definition.to_source))
        .map(({ name }) => dependent(tracked, 'remote_relationships', name, source)),
    ),
  );
  const types = (metadata.custom_types.objects ?? []).flatMap((type) =>
    (type.relationships ?? [])
      .filter(({ source = 'default', remote_table: table }) => isIt({ source, table }))
      .map(({ name }) => ({
        what: `custom type relationship ${type.name}.${name}`,
        remove() {
          type.relationships = type.relationships?.filter((relationship) => relationship.name !== name) ?? [];
        },
      })),
  );
  return [...joins, ...types, ...typeJoinsTo(metadata, isIt)];
}

/** Relationships of remote schemas that lead to tables of a source. */
const typeJoinsTo = (metadata: EngineMetadata, isIt: (target: Target) => boolean): Dependent[] =>
  metadata.remote_schemas.flatMap((remote) =>
    (remote.remote_relationships ?? []).flatMap((type) =>
      type.relationships
        .filter(({ definition }) => definition.to_source !== undefined && isIt(definition.to_source))
        .map(({ name }) => ({
          what: `remote schema relationship ${remote.name}.${type.type_name}.${name}`,
          remove() {
            type.relationships = type.relationships.filter((relationship) => relationship.name !== name);
          },
        })),
    ),
  );

/** The joins that need a remote schema. */
export const joinsWith = (metadata: EngineMetadata, remoteSchema: string): Dependent[] =>
  metadata.sources.flatMap(({ name: source, tables }) =>
    tables.flatMap((tracked) =>
      (tracked.remote_relationships ?? [])
        .filter(({ definition }) => definition.to_remote_schema?.remote_schema === remoteSchema)
        .map(({ name }) => dependent(tracked, 'remote_relationships', name, source)),
    ),
  );

/** Removes the dependents with `cascade`, theirs too. @throws Refusal without it, naming them */
export function cascadeOrRefuse(dependents: readonly Dependent[], cascade: unknown): void {
  if (cascade === true) for (const { remove } of dependents) remove();
  else if (dependents.length > 0)
    throw refusal(
      'dependency-error',
      `cannot drop due to the following dependent objects: ${dependents.map(({ what }) => what).join(', ')}`,
      '$.args',
    );
}
