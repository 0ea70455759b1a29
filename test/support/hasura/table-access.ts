import type { Catalogue, Column } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';

export type Tables = { tables: readonly TrackedTable[]; catalogue: Catalogue };

type SelectAccess = {
  columns: readonly string[];
  filter: BoolExp;
  limit: number | null;
  aggregates: boolean;
};
type UpdateAccess = { columns: readonly string[]; filter: BoolExp; check: BoolExp };
type Access = { select: SelectAccess | null; update: UpdateAccess | null };

/** `portcullis_users`, or the name that the metadata gives the table (hasura/README.md, "Tables"). */
export const tableName = ({ table, configuration }: TrackedTable): string =>
  configuration?.custom_name ?? `${table.schema}_${table.name}`;

/** The rights of a role on a table; admin has all (hasura/README.md, "Roles" and "Table permissions"). */
export function accessOf({ catalogue }: Tables, tracked: TrackedTable, role: string): Access {
  if (role === 'admin') {
    const columns = catalogue.columns(tracked.table).map(({ name }) => name);
    return {
      select: { columns, filter: {}, limit: null, aggregates: true },
      update: { columns, filter: {}, check: {} },
    };
  }
  const select = tracked.select_permissions?.find((entry) => entry.role === role)?.permission;
  const update = tracked.update_permissions?.find((entry) => entry.role === role)?.permission;
  if (update !== undefined && (select === undefined || Object.keys(update.set).length > 0))
    throw new Error('Presets of columns, and changes of what cannot be read, are not played.');
  return {
    select:
      select === undefined
        ? null
        : {
            ...{ columns: select.columns, filter: select.filter, limit: select.limit ?? null },
            aggregates: select.allow_aggregations ?? false,
          },
    update: update === undefined ? null : { ...update, check: update.check ?? {} },
  };
}

const SCALARS: Readonly<Record<string, string>> = {
  ...{ text: 'String', integer: 'Int', boolean: 'Boolean', 'timestamp with time zone': 'timestamptz' },
};

/** The GraphQL name of a column's type (hasura/README.md, "Table queries"). */
export function scalarOf({ type }: Pick<Column, 'type'>): string {
  const bare = type.replaceAll('"', '').replace(/\(\d+\)/, '');
  if (bare.endsWith('[]')) throw new Error(`A column of type ${type} is not played.`);
  return SCALARS[bare] ?? bare.replace(/^.*\./, '');
}

type Relationship = { name: string; isList: boolean; target: TrackedTable; aggregates: boolean };

/** The relationships to tables that the role may read; it does not see others (hasura/README.md, "Relationships"). */
export function relationshipsOf(tables: Tables, tracked: TrackedTable, role: string): Relationship[] {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  return [...objects, ...arrays].flatMap(({ name, using }) => {
    const hop = findRelationship(tables, tracked, name);
    if (hop === null) throw new Error(`The relationship ${name} is missing.`);
    const target = findTracked(tables.tables, hop.target);
    const { select } = accessOf(tables, target, role);
    if (select === null) return [];
    const isList = typeof using.foreign_key_constraint_on !== 'string';
    return [{ name, isList, target, aggregates: isList && select.aggregates }];
  });
}
