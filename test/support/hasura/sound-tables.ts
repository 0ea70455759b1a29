import type { Catalogue } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import { keepSound, type Note } from './inconsistency.ts';
import type { BoolExp, RemoteRelationship, Source, TableName, TrackedTable } from './metadata-types.ts';
import { type EngineEnvironment, filledIn, fromEnvironment, type Remote } from './remote-schema.ts';

/** `sources` are all sources of the metadata, which a relationship may lead to. */
type Known = {
  source: string;
  sources: readonly Source[];
  catalogue: Catalogue;
  remotes: ReadonlyMap<string, Remote>;
  env: EngineEnvironment;
};
type Surroundings = Known & { tables: readonly TrackedTable[] };

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;
const placeOf = ({ source }: Known, { table }: TrackedTable): string =>
  `table ${nameOf(table)} in source ${source}`;

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
    (tracked, error) => note('table', placeOf(known, tracked).replace('table ', ''), tracked, error),
  );
  const related = present.map((tracked) => soundRelationships({ ...known, tables: present }, tracked, note));
  const around = { ...known, tables: related };
  return related.map((tracked) => soundTriggers(known, soundPermissions(around, tracked, note), note));
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
    note(type, `${relationship.name} in ${placeOf(around, tracked)}`, relationship, error);
  const requireRelationship = ({ name }: { name: string }) => {
    requireFreeName(around, tracked, name);
    const hop = findRelationship(around, tracked, name);
    if (hop === null) return;
    // Both tables are in one source, as the foreign key is.
    findTracked(around.tables, hop.target);
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
  requireFreeName(known, tracked, name);
  if (definition.to_source !== undefined) requireSourceJoin(known, tracked, definition.to_source);
  else requireRemoteJoin(known, tracked, definition.to_remote_schema);
}

function requireRemoteJoin(
  known: Known,
  tracked: TrackedTable,
  to: RemoteRelationship['definition']['to_remote_schema'],
): void {
  if (to === undefined) throw new Error('the definition has no target');
  const { remote_schema: schema, lhs_fields: columns, remote_field } = to;
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

type SourceJoin = NonNullable<RemoteRelationship['definition']['to_source']>;

function requireSourceJoin(
  known: Known,
  tracked: TrackedTable,
  { source, table, field_mapping }: SourceJoin,
): void {
  const target = known.sources.find(({ name }) => name === source);
  if (target === undefined) throw new Error(`source with name "${source}" is not found`);
  findTracked(target.tables, table);
  requireColumns(known, tracked, Object.keys(field_mapping));
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
      note(type, `${entry.role} in ${placeOf(around, tracked)}`, entry, error);
    };
  const requireAll = ({ role }: Entry, columns: readonly string[], conditions: (BoolExp | null)[]) => {
    if (role === 'admin') throw new Error('cannot define permission for admin role');
    requireColumns(around, tracked, columns);
    for (const condition of conditions) requireCondition(around, tracked, condition ?? {});
  };
  const keep = <Kind extends Granted>(entries: readonly Kind[] | undefined, type: string): Kind[] =>
    keepSound(
      entries ?? [],
      (entry) => {
        const { columns = [], set = {}, filter = null, check = null } = entry.permission as Conditions;
        const named = columns === '*' ? [] : columns;
        requireAll(entry, [...named, ...Object.keys(set)], [filter, check]);
      },
      refuse(`${type}_permission`),
    );
  return {
    ...tracked,
    insert_permissions: keep(tracked.insert_permissions, 'insert'),
    select_permissions: keep(tracked.select_permissions, 'select'),
    update_permissions: keep(tracked.update_permissions, 'update'),
    delete_permissions: keep(tracked.delete_permissions, 'delete'),
  };
}

type Granted = { role: string; permission: object };
type Conditions = { columns?: string[] | '*'; set?: object; filter?: BoolExp | null; check?: BoolExp | null };

/** An event trigger needs the address of its webhook. */
function soundTriggers(known: Known, tracked: TrackedTable, note: Note): TrackedTable {
  return {
    ...tracked,
    event_triggers: keepSound(
      tracked.event_triggers ?? [],
      ({ webhook, webhook_from_env: from }) =>
        void (from === undefined
          ? filledIn(known.env, String(webhook))
          : fromEnvironment(known.env, String(from))),
      (trigger, error) =>
        note('event_trigger', `${trigger.name} in ${placeOf(known, tracked)}`, trigger, error),
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
    else if (key === '_exists') {
      const { _table, _where } = value as { _table: TableName; _where: BoolExp };
      requireCondition(around, findTracked(around.tables, _table), _where);
    } else if (!columns.some(({ name }) => name === key)) {
      const hop = findRelationship(around, tracked, key);
      if (hop === null) throw new Error(`column "${key}" does not exist`);
      requireCondition(around, findTracked(around.tables, hop.target), value as BoolExp);
    }
  }
}
