import type { Catalogue } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import { keepSound, type Note } from './inconsistency.ts';
import type { BoolExp, RemoteRelationship, TableName, TrackedTable } from './metadata.ts';
import type { Remote } from './remote-schema.ts';

type Known = { catalogue: Catalogue; remotes: ReadonlyMap<string, Remote> };
type Surroundings = Known & { tables: readonly TrackedTable[] };

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;
const placeOf = ({ table }: TrackedTable): string => `table ${nameOf(table)} in source default`;

/**
 * The tables without their inconsistent objects (hasura/README.md, "Tables", "Relationships" and "Joins with the gateway").
 * An object that depends on a missing object is inconsistent too.
 */
export function soundTables(tables: readonly TrackedTable[], known: Known, note: Note): TrackedTable[] {
  const present = keepSound(
    tables,
    ({ table }) => {
      if (known.catalogue.columns(table).length === 0)
        throw new Error(`no such table/view exists in source: "${nameOf(table)}"`);
    },
    (tracked, error) => note('table', `${nameOf(tracked.table)} in source default`, tracked, error),
  );
  const related = present.map((tracked) => soundRelationships({ ...known, tables: present }, tracked, note));
  return related.map((tracked) => soundPermissions({ ...known, tables: related }, tracked, note));
}

/** Two fields of a table must not have the same name. */
function requireFreeName({ catalogue }: Known, tracked: TrackedTable, name: string): void {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  const names = [
    ...catalogue.columns(tracked.table),
    ...[...objects, ...arrays, ...(tracked.remote_relationships ?? [])],
  ];
  if (names.filter((other) => other.name === name).length > 1)
    throw new Error(`in table "${nameOf(tracked.table)}": "${name}" is the name of another field`);
}

function soundRelationships(around: Surroundings, tracked: TrackedTable, note: Note): TrackedTable {
  const refuse = (type: string) => (relationship: { name: string }, error: Error) =>
    note(type, `${relationship.name} in ${placeOf(tracked)}`, relationship, error);
  const requireRelationship = ({ name }: { name: string }) => {
    requireFreeName(around, tracked, name);
    const hop = findRelationship(around, tracked, name);
    if (hop !== null) findTracked(around.tables, hop.target);
  };
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  return {
    ...tracked,
    object_relationships: keepSound(objects, requireRelationship, refuse('object_relation')),
    array_relationships: keepSound(arrays, requireRelationship, refuse('array_relation')),
    remote_relationships: keepSound(
      tracked.remote_relationships ?? [],
      (relationship) => requireJoin(around, tracked, relationship),
      refuse('remote_relationship'),
    ),
  };
}

/** Names must be known. Types are not compared, and required arguments may be missing. */
function requireJoin(known: Known, tracked: TrackedTable, { name, definition }: RemoteRelationship): void {
  const { remote_schema: schema, lhs_fields: columns, remote_field } = definition.to_remote_schema;
  requireFreeName(known, tracked, name);
  const remote = known.remotes.get(schema);
  if (remote === undefined) throw new Error(`remote schema with name "${schema}" is not found`);
  requireColumns(known, tracked, columns);
  for (const [root, { arguments: given }] of Object.entries(remote_field)) {
    const field = remote.upstream.getQueryType()?.getFields()[root];
    if (field === undefined) throw new Error(`field with name "${root}" not found in the query root`);
    for (const [argument, value] of Object.entries(given)) {
      if (!field.args.some((known) => known.name === argument))
        throw new Error(`"${argument}" is not an argument of "${root}"`);
      if (value.startsWith('$') && !columns.includes(value.slice(1)))
        throw new Error(`"${value.slice(1)}" is not among the fields that the join has`);
    }
  }
}

function requireColumns({ catalogue }: Known, { table }: TrackedTable, columns: readonly string[]): void {
  const existing = catalogue.columns(table);
  for (const column of columns)
    if (!existing.some(({ name }) => name === column)) throw new Error(`column "${column}" does not exist`);
}

function soundPermissions(around: Surroundings, tracked: TrackedTable, note: Note): TrackedTable {
  type Entry = { role: string };
  const refuse =
    (type: string) =>
    (entry: Entry, { message }: Error) => {
      const error = new Error(
        `in table "${nameOf(tracked.table)}": in permission for role "${entry.role}": ${message}`,
      );
      note(type, `${entry.role} in ${placeOf(tracked)}`, entry, error);
    };
  const requireAll = ({ role }: Entry, columns: readonly string[], conditions: (BoolExp | null)[]) => {
    if (role === 'admin') throw new Error('cannot define permission for admin role');
    requireColumns(around, tracked, columns);
    for (const condition of conditions) requireCondition(around, tracked, condition ?? {});
  };
  return {
    ...tracked,
    select_permissions: keepSound(
      tracked.select_permissions ?? [],
      (entry) => requireAll(entry, entry.permission.columns, [entry.permission.filter]),
      refuse('select_permission'),
    ),
    update_permissions: keepSound(
      tracked.update_permissions ?? [],
      (entry) => {
        const { columns, set, filter, check } = entry.permission;
        requireAll(entry, [...columns, ...Object.keys(set)], [filter, check]);
      },
      refuse('update_permission'),
    ),
  };
}

/** Every column and relationship of a filter or check must exist (hasura/README.md, "Filters"). */
function requireCondition(around: Surroundings, tracked: TrackedTable, condition: BoolExp): void {
  const columns = around.catalogue.columns(tracked.table);
  for (const [key, value] of Object.entries(condition)) {
    if (key === '_and' || key === '_or')
      for (const inner of value as BoolExp[]) requireCondition(around, tracked, inner);
    else if (key === '_not') requireCondition(around, tracked, value as BoolExp);
    else if (!columns.some(({ name }) => name === key)) {
      const hop = findRelationship(around, tracked, key);
      if (hop === null) throw new Error(`column "${key}" does not exist`);
      requireCondition(around, findTracked(around.tables, hop.target), value as BoolExp);
    }
  }
}
