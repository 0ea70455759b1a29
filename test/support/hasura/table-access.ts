import type { Column, ColumnCatalogue } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';

export type Tables = { tables: readonly TrackedTable[]; catalogue: ColumnCatalogue };

export type SelectAccess = {
  columns: readonly string[];
  filter: BoolExp;
  limit: number | null;
  aggregates: boolean;
};
type UpdateAccess = { columns: readonly string[]; filter: BoolExp; check: BoolExp };
type Access = { select: SelectAccess | null; update: UpdateAccess | null; insertsAndDeletes: boolean };

/** `portcullis_users`, or the name that the metadata gives the table (hasura/README.md, "Tables"). */
export const tableName = ({ table, configuration }: TrackedTable): string =>
  configuration?.custom_name ?? `${table.schema}_${table.name}`;

/** What a role may do with a table; admin everything (hasura/README.md, "Roles" and "Table permissions"). */
export function accessOf({ catalogue }: Tables, tracked: TrackedTable, role: string): Access {
  if (role === 'admin') {
    const columns = catalogue.columns(tracked.table).map(({ name }) => name);
    return {
      select: { columns, filter: {}, limit: null, aggregates: true },
      update: { columns, filter: {}, check: {} },
      insertsAndDeletes: true,
    };
  }
  const select = tracked.select_permissions?.find((entry) => entry.role === role)?.permission;
  const update = tracked.update_permissions?.find((entry) => entry.role === role)?.permission;
  if (update !== undefined && (select === undefined || Object.keys(update.set).length > 0))
    throw new Error('Presets of columns, and changes of what cannot be read, are not played.');
  return {
    select: select === undefined ? null : selectAccess(select),
    update: update === undefined ? null : { ...update, check: update.check ?? {} },
    insertsAndDeletes: false,
  };
}

type SelectPermission = NonNullable<TrackedTable['select_permissions']>[number]['permission'];
const selectAccess = ({
  columns,
  filter,
  limit = undefined,
  allow_aggregations: aggregates = false,
}: SelectPermission): SelectAccess => ({ columns, filter, limit: limit ?? null, aggregates });

const SCALARS: Readonly<Record<string, string>> = {
  ...{ text: 'String', integer: 'Int', boolean: 'Boolean', 'timestamp with time zone': 'timestamptz' },
};

/** What GraphQL calls a column's type (hasura/README.md, "Table queries"). */
export function scalarOf({ type }: Pick<Column, 'type'>): string {
  const bare = type.replaceAll('"', '').replace(/\(\d+\)/, '');
  if (bare.endsWith('[]')) throw new Error(`A column of type ${type} is not played.`);
  return SCALARS[bare] ?? bare.replace(/^.*\./, '');
}

export type Relationship = {
  name: string;
  kind: 'object' | 'array';
  /** Of the rows that it leads to. */
  target: TrackedTable;
  /** Whether Postgres promises that there is one. A permission may hide it all the same. */
  isCertain: boolean;
  aggregates: boolean;
};

/** A relationship to a table that the role cannot read is none that it knows of (hasura/README.md, "Relationships"). */
export function relationshipsOf(tables: Tables, tracked: TrackedTable, role: string): Relationship[] {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  const columns = tables.catalogue.columns(tracked.table);
  const found = [...objects, ...arrays].map(({ name, using: { foreign_key_constraint_on: by } }) => {
    const hop = findRelationship(tables, tracked, name);
    if (hop === null) throw new Error(`The relationship ${name} is missing.`);
    const isObject = typeof by === 'string';
    const kind = isObject ? ('object' as const) : ('array' as const);
    const isCertain = isObject && columns.some((column) => column.name === by && !column.nullable);
    return { name, kind, isCertain, target: findTracked(tables.tables, hop.target) };
  });
  return found.flatMap((relationship) => {
    const { select } = accessOf(tables, relationship.target, role);
    return select === null ? [] : [{ ...relationship, aggregates: select.aggregates }];
  });
}
