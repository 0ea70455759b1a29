import type { Catalogue, Column } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata-types.ts';
import type { Naming } from './naming.ts';

/** The tables of one source, and the roles that inherit the rights of others. */
export type Tables = {
  tables: readonly TrackedTable[];
  catalogue: Catalogue;
  naming: Naming;
  parentsOf?(role: string): readonly string[];
};

type SelectAccess = {
  columns: readonly string[];
  filter: BoolExp;
  limit: number | null;
  aggregates: boolean;
};
type UpdateAccess = { columns: readonly string[]; filter: BoolExp; check: BoolExp };
type Access = { select: SelectAccess | null; update: UpdateAccess | null };
type Named = string[] | '*';

const columnsOf = ({ catalogue }: Tables, { table }: TrackedTable, columns: Named): readonly string[] =>
  columns === '*' ? catalogue.columns(table).map(({ name }) => name) : columns;

/** The rights of a role on a table; admin has all (hasura/README.md, "Roles" and "Table permissions"). */
export function accessOf(tables: Tables, tracked: TrackedTable, role: string): Access {
  if (role === 'admin') {
    const columns = columnsOf(tables, tracked, '*');
    return {
      select: { columns, filter: {}, limit: null, aggregates: true },
      update: { columns, filter: {}, check: {} },
    };
  }
  return { select: selectOf(tables, tracked, role), update: updateOf(tables, tracked, role) };
}

function selectOf(tables: Tables, tracked: TrackedTable, role: string): SelectAccess | null {
  const select = tracked.select_permissions?.find((entry) => entry.role === role)?.permission;
  if (select === undefined)
    return inheritedSelect(
      tracked,
      parentsOf(tables, role).map((parent) => selectOf(tables, tracked, parent)),
    );
  return {
    columns: columnsOf(tables, tracked, select.columns),
    ...{ filter: select.filter, limit: select.limit ?? null, aggregates: select.allow_aggregations ?? false },
  };
}

const parentsOf = ({ parentsOf: parents }: Tables, role: string): readonly string[] => parents?.(role) ?? [];

/** Rows of any parent. The stand-in does not hide single columns of a row (hasura/README.md, "Inherited roles"). */
function inheritedSelect(
  tracked: TrackedTable,
  found: readonly (SelectAccess | null)[],
): SelectAccess | null {
  const granted = found.filter((access) => access !== null);
  const [first, ...others] = granted;
  if (first === undefined) return null;
  if (others.some(({ columns }) => [...columns].sort().join() !== [...first.columns].sort().join()))
    throw new Error(`Parents with different columns of ${tracked.table.name} are not played.`);
  const limits = granted.map(({ limit }) => limit ?? Number.POSITIVE_INFINITY);
  return {
    columns: first.columns,
    filter: others.length === 0 ? first.filter : { _or: granted.map(({ filter }) => filter) },
    limit: Number.isFinite(Math.max(...limits)) ? Math.max(...limits) : null,
    aggregates: granted.some(({ aggregates }) => aggregates),
  };
}

/** An inherited role may change what all its parents may change alike. */
function updateOf(tables: Tables, tracked: TrackedTable, role: string): UpdateAccess | null {
  const update = tracked.update_permissions?.find((entry) => entry.role === role)?.permission;
  if (update === undefined) {
    const [first = null, ...others] = parentsOf(tables, role).map((parent) =>
      updateOf(tables, tracked, parent),
    );
    return others.every((other) => JSON.stringify(other) === JSON.stringify(first)) ? first : null;
  }
  if (Object.keys(update.set ?? {}).length > 0) throw new Error('Presets of columns are not played.');
  const columns = columnsOf(tables, tracked, update.columns);
  return { columns, filter: update.filter, check: update.check ?? {} };
}

const SCALARS: Readonly<Record<string, string>> = {
  ...{ text: 'String', 'character varying': 'String', integer: 'Int', boolean: 'Boolean' },
  ...{ 'timestamp with time zone': 'timestamptz', 'timestamp without time zone': 'timestamp' },
  ...{ 'double precision': 'float8', real: 'float4' },
};

/** The GraphQL name of a column's type (hasura/README.md, "Table queries"). */
export function scalarOf({ type }: Pick<Column, 'type'>): string {
  const bare = type.replaceAll('"', '').replace(/\(\d+(?:,\d+)?\)/, '');
  if (bare.endsWith('[]')) return `_${bare.replace('[]', '').replace(/^.*\./, '').replaceAll(' ', '_')}`;
  return SCALARS[bare] ?? bare.replace(/^.*\./, '');
}

type Relationship = { name: string; isList: boolean; target: TrackedTable; aggregates: boolean };

/** The relationships to tables that the role may read; it does not see others (hasura/README.md, "Relationships"). */
export function relationshipsOf(tables: Tables, tracked: TrackedTable, role: string): Relationship[] {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  const kinds = [
    ...objects.map(({ name }) => ({ name, isList: false })),
    ...arrays.map(({ name }) => ({ name, isList: true })),
  ];
  return kinds.flatMap(({ name, isList }) => {
    const hop = findRelationship(tables, tracked, name);
    if (hop === null) throw new Error(`The relationship ${name} is missing.`);
    const target = findTracked(tables.tables, hop.target);
    const { select } = accessOf(tables, target, role);
    if (select === null) return [];
    return [{ name, isList, target, aggregates: isList && select.aggregates }];
  });
}

/** The names of a table's columns and relationships. */
export const namesIn = ({ catalogue }: Pick<Tables, 'catalogue'>, tracked: TrackedTable): string[] => [
  ...catalogue.columns(tracked.table).map(({ name }) => name),
  ...[...(tracked.object_relationships ?? []), ...(tracked.array_relationships ?? [])].map(
    ({ name }) => name,
  ),
];
