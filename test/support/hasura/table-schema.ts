import type { Column, ColumnCatalogue } from './catalogue.ts';
import { findRelationship, findTracked } from './filters.ts';
import type { BoolExp, RemoteRelationship, TrackedTable } from './metadata.ts';

export type Tables = { tables: readonly TrackedTable[]; catalogue: ColumnCatalogue };

export type SelectAccess = { columns: readonly string[]; filter: BoolExp; limit: number | null };
export type UpdateAccess = { columns: readonly string[]; filter: BoolExp; check: BoolExp; set: object };
type Access = { select: SelectAccess | null; update: UpdateAccess | null };

/** `portcullis_users`, or the name that the metadata gives the table (hasura/README.md, "Tables"). */
export const tableName = ({ table, configuration }: TrackedTable): string =>
  configuration?.custom_name ?? `${table.schema}_${table.name}`;

/** What a role may do with a table; admin everything (hasura/README.md, "Roles" and "Table permissions"). */
export function accessOf({ catalogue }: Tables, tracked: TrackedTable, role: string): Access {
  if (role === 'admin') {
    const columns = catalogue.columns(tracked.table).map(({ name }) => name);
    return {
      select: { columns, filter: {}, limit: null },
      update: { columns, filter: {}, check: {}, set: {} },
    };
  }
  const select = tracked.select_permissions?.find((entry) => entry.role === role)?.permission;
  const update = tracked.update_permissions?.find((entry) => entry.role === role)?.permission;
  return {
    select: select === undefined ? null : { ...select, limit: select.limit ?? null },
    update: update === undefined ? null : { ...update, check: update.check ?? {} },
  };
}

const SCALARS: Readonly<Record<string, string>> = {
  ...{ text: 'String', integer: 'Int', boolean: 'Boolean', 'timestamp with time zone': 'timestamptz' },
};
function scalarOf({ type }: Column): string {
  const bare = type.replaceAll('"', '').replace(/\(\d+\)/, '');
  return SCALARS[bare] ?? bare.replace(/^.*\./, '').replace(/^(.*)\[\]$/, '_$1');
}

type Relationship = { name: string; isList: boolean; type: string };

/** A relationship to a table that the role cannot read is none that it knows of. */
function relationshipsOf(tables: Tables, tracked: TrackedTable, role: string): Relationship[] {
  const { object_relationships: objects = [], array_relationships: arrays = [] } = tracked;
  return [...objects, ...arrays].flatMap(({ name, using }) => {
    const hop = findRelationship(tables, tracked, name);
    if (hop === null) return [];
    const target = findTracked(tables.tables, hop.target);
    if (accessOf(tables, target, role).select === null) return [];
    const isList = typeof using.foreign_key_constraint_on !== 'string';
    return [{ name, isList, type: tableName(target) }];
  });
}

const block = (kind: string, name: string, fields: readonly string[]): string =>
  `${kind} ${name} {\n  ${fields.join('\n  ')}\n}`;
const columnFields = (columns: readonly Column[], required = false): string[] =>
  columns.map((column) => `${column.name}: ${scalarOf(column)}${required ? '!' : ''}`);

/** The type of a remote relationship, or null where the role sees nothing of the field that it leads to. */
export type RemoteTypes = (relationship: RemoteRelationship) => string | null;

/** A role has those remote relationships whose columns and whose field it may read. */
function joinedFields(tracked: TrackedTable, { columns }: SelectAccess, typeOf: RemoteTypes): string[] {
  return (tracked.remote_relationships ?? []).flatMap((relationship) => {
    const { lhs_fields: needed } = relationship.definition.to_remote_schema;
    const type = typeOf(relationship);
    return type !== null && needed.every((c) => columns.includes(c)) ? [`${relationship.name}: ${type}`] : [];
  });
}

function selectTypes(
  name: string,
  columns: readonly Column[],
  relationships: readonly Relationship[],
  joined: readonly string[],
) {
  const listed = `(where: %_bool_exp, limit: Int, offset: Int, order_by: [%_order_by!])`;
  const fields = columns.map((c) => `${c.name}: ${scalarOf(c)}${c.nullable ? '' : '!'}`);
  const reached = relationships.map(({ name: relationship, isList, type }) =>
    isList ? `${relationship}${listed.replaceAll('%', type)}: [${type}!]!` : `${relationship}: ${type}`,
  );
  const comparisons = columns.map((c) => `${c.name}: ${scalarOf(c)}_comparison_exp`);
  const conditions = relationships.map((r) => `${r.name}: ${r.type}_bool_exp`);
  const logic = [`_and: [${name}_bool_exp!]`, `_or: [${name}_bool_exp!]`, `_not: ${name}_bool_exp`];
  return {
    root: `${name}${listed.replaceAll('%', name)}: [${name}!]!`,
    types: [
      block('type', name, [...fields, ...reached, ...joined]),
      block('input', `${name}_bool_exp`, [...logic, ...comparisons, ...conditions]),
      block(
        'input',
        `${name}_order_by`,
        columns.map((c) => `${c.name}: order_by`),
      ),
    ],
  };
}

function updateTypes(name: string, columns: readonly Column[], keys: readonly Column[], readable: boolean) {
  const returning = readable ? [`returning: [${name}!]!`] : [];
  const many = `update_${name}(where: ${name}_bool_exp!, _set: ${name}_set_input): ${name}_mutation_response`;
  const one = `update_${name}_by_pk(pk_columns: ${name}_pk_columns_input!, _set: ${name}_set_input): ${name}`;
  return {
    roots: keys.length > 0 ? [many, one] : [many],
    types: [
      block('input', `${name}_set_input`, columnFields(columns)),
      block('type', `${name}_mutation_response`, ['affected_rows: Int!', ...returning]),
      ...(keys.length > 0 ? [block('input', `${name}_pk_columns_input`, columnFields(keys, true))] : []),
    ],
  };
}

const comparison = (scalar: string): string =>
  block('input', `${scalar}_comparison_exp`, [
    ...['_eq', '_neq', '_gt', '_gte', '_lt', '_lte'].map((operator) => `${operator}: ${scalar}`),
    ...[`_in: [${scalar}!]`, `_nin: [${scalar}!]`, '_is_null: Boolean'],
  ]);

/** The SDL of what a role can do with the tracked tables, its root types named as the engine names them. */
export function tablesSdl(tables: Tables, role: string, remoteTypes: RemoteTypes): string {
  const queries: string[] = [];
  const mutations: string[] = [];
  const types: string[] = [];
  const scalars = new Set<string>();
  for (const tracked of tables.tables) {
    const { select, update } = accessOf(tables, tracked, role);
    if (select === null) continue;
    const name = tableName(tracked);
    const all = tables.catalogue.columns(tracked.table);
    const readable = all.filter((column) => select.columns.includes(column.name));
    for (const column of readable) scalars.add(scalarOf(column));
    const read = selectTypes(
      name,
      readable,
      relationshipsOf(tables, tracked, role),
      joinedFields(tracked, select, remoteTypes),
    );
    queries.push(read.root);
    types.push(...read.types);
    const keys = all.filter(({ inPrimaryKey }) => inPrimaryKey);
    const isFindable = keys.length > 0 && keys.every((key) => readable.includes(key));
    if (isFindable) queries.push(`${name}_by_pk(${columnFields(keys, true).join(', ')}): ${name}`);
    if (update === null) continue;
    const settable = all.filter((column) => update.columns.includes(column.name));
    const write = updateTypes(name, settable, isFindable ? keys : [], true);
    mutations.push(...write.roots);
    types.push(...write.types);
  }
  if (queries.length > 0)
    types.push(
      block('type', 'query_root', queries),
      'enum order_by { asc desc asc_nulls_first asc_nulls_last desc_nulls_first desc_nulls_last }',
    );
  if (mutations.length > 0) types.push(block('type', 'mutation_root', mutations));
  return [...types, ...[...scalars].map(comparison)].join('\n');
}
