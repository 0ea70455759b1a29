import type { Column } from './catalogue.ts';
import type { RemoteRelationship, TrackedTable } from './metadata.ts';
import { accessOf, relationshipsOf, scalarOf, type Tables, tableName } from './table-access.ts';

/** The type of a remote relationship, or null if the role does not know the field. */
export type RemoteTypes = (relationship: RemoteRelationship) => string | null;
type Reader = { tables: Tables; role: string; remoteTypes: RemoteTypes };

const block = (kind: string, name: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${kind} ${name} {\n  ${lines.join('\n  ')}\n}`;
const plain = (columns: readonly Column[], mark = ''): string[] =>
  columns.map((column) => `${column.name}: ${scalarOf(column)}${mark}`);
const listOf = (name: string): string =>
  `(where: ${name}_bool_exp, order_by: [${name}_order_by!], limit: Int, offset: Int): [${name}!]!`;

const WAYS = [...['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last']];

/**
 * The SDL of the tracked tables for a role (hasura/README.md, "Table queries" and "Table changes"). The stand-in does not play
 * inserts, deletes and streams. An aggregate only shows that the role may use aggregates.
 */
export function tablesSdl(reader: Reader): string {
  const parts = reader.tables.tables.flatMap((tracked) => partOf(reader, tracked) ?? []);
  if (parts.length === 0) return '';
  const scalars = new Set(parts.flatMap(({ scalars }) => scalars));
  return [
    ...parts.flatMap(({ types }) => types),
    ...[...scalars].map(comparisonType),
    block(
      'type',
      'query_root',
      parts.flatMap(({ queries }) => queries),
    ),
    block(
      'type',
      'mutation_root',
      parts.flatMap(({ mutations }) => mutations),
    ),
    block('enum', 'order_by', WAYS),
  ].join('\n');
}

type Part = { types: string[]; scalars: string[]; queries: string[]; mutations: string[] };

function partOf(reader: Reader, tracked: TrackedTable): Part | null {
  const { tables, role } = reader;
  const { select, update } = accessOf(tables, tracked, role);
  if (select === null) return null;
  const name = tableName(tracked);
  const all = tables.catalogue.columns(tracked.table);
  const columns = all.filter((column) => select.columns.includes(column.name));
  const settable = all.filter((column) => update?.columns.includes(column.name));
  const keys = all.filter(({ inPrimaryKey }) => inPrimaryKey);
  const isKnown = keys.length > 0 && keys.every((key) => columns.includes(key));
  const byKey = plain(keys, '!').join(', ');
  const set = `_set: ${name}_set_input`;
  const response = `${name}_mutation_response`;
  return {
    types: [
      ...rowTypes(reader, tracked, columns),
      ...(select.aggregates ? [block('type', `${name}_aggregate`, [`nodes: [${name}!]!`])] : []),
      ...(settable.length === 0
        ? []
        : [
            block('input', `${name}_set_input`, plain(settable)),
            block('input', `${name}_pk_columns_input`, plain(keys, '!')),
            block('type', response, ['affected_rows: Int!', `returning: [${name}!]!`]),
          ]),
    ],
    scalars: columns.map(scalarOf),
    queries: [
      `${name}${listOf(name)}`,
      ...(isKnown ? [`${name}_by_pk(${byKey}): ${name}`] : []),
      ...(select.aggregates ? [`${name}_aggregate: ${name}_aggregate!`] : []),
    ],
    mutations:
      settable.length === 0
        ? []
        : [
            `update_${name}(where: ${name}_bool_exp!, ${set}): ${response}`,
            `update_${name}_by_pk(pk_columns: ${name}_pk_columns_input!, ${set}): ${name}`,
          ],
  };
}

/** A row, conditions on it, and its order. Relationships are nullable: a permission may hide the related row. */
function rowTypes(
  { tables, role, remoteTypes }: Reader,
  tracked: TrackedTable,
  columns: readonly Column[],
): string[] {
  const name = tableName(tracked);
  const related = relationshipsOf(tables, tracked, role);
  const joined = (tracked.remote_relationships ?? []).flatMap((relationship) => {
    const type = remoteTypes(relationship);
    return type === null ? [] : [`${relationship.name}: ${type}`];
  });
  return [
    block('type', name, [
      ...columns.map((column) => `${column.name}: ${scalarOf(column)}${column.nullable ? '' : '!'}`),
      ...related.map(({ name: field, isList, target }) =>
        isList ? `${field}${listOf(tableName(target))}` : `${field}: ${tableName(target)}`,
      ),
      ...related.flatMap(({ name: field, aggregates, target }) =>
        aggregates ? [`${field}_aggregate: ${tableName(target)}_aggregate!`] : [],
      ),
      ...joined,
    ]),
    block('input', `${name}_bool_exp`, [
      ...[`_and: [${name}_bool_exp!]`, `_or: [${name}_bool_exp!]`, `_not: ${name}_bool_exp`],
      ...columns.map((column) => `${column.name}: ${scalarOf(column)}_comparison_exp`),
      ...related.map(({ name: field, target }) => `${field}: ${tableName(target)}_bool_exp`),
    ]),
    block(
      'input',
      `${name}_order_by`,
      columns.map((column) => `${column.name}: order_by`),
    ),
  ];
}

function comparisonType(scalar: string): string {
  const operators = [
    'eq',
    'neq',
    'gt',
    'gte',
    'lt',
    'lte',
    ...(scalar === 'String' ? ['like', 'ilike'] : []),
  ];
  return block('input', `${scalar}_comparison_exp`, [
    ...operators.map((operator) => `_${operator}: ${scalar}`),
    ...[`_in: [${scalar}!]`, `_nin: [${scalar}!]`, '_is_null: Boolean'],
  ]);
}
