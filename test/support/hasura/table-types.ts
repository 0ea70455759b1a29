import type { Column } from './catalogue.ts';
import type { RemoteRelationship, TrackedTable } from './metadata.ts';
import {
  accessOf,
  type Relationship,
  relationshipsOf,
  type SelectAccess,
  scalarOf,
  type Tables,
  tableName,
} from './table-access.ts';

/** The type of a remote relationship, or null where the role sees nothing of the field that it leads to. */
export type RemoteTypes = (relationship: RemoteRelationship) => string | null;

export const block = (kind: string, name: string, fields: readonly string[]): string =>
  fields.length === 0 ? '' : `${kind} ${name} {\n  ${fields.join('\n  ')}\n}`;
const lines = <Item>(items: readonly Item[], line: (item: Item) => string): string[] => items.map(line);

/** What a role reads of a table. */
export type Reading = {
  name: string;
  columns: readonly Column[];
  /** Those of its primary key; none where the role cannot read one of them. */
  keys: readonly Column[];
  relationships: readonly Relationship[];
  joined: readonly string[];
  access: SelectAccess;
};

export function readingOf(
  tables: Tables,
  tracked: TrackedTable,
  role: string,
  remoteTypes: RemoteTypes,
): Reading | null {
  const access = accessOf(tables, tracked, role).select;
  if (access === null) return null;
  const all = tables.catalogue.columns(tracked.table);
  const columns = all.filter(({ name }) => access.columns.includes(name));
  const keys = all.filter(({ inPrimaryKey }) => inPrimaryKey);
  return {
    name: tableName(tracked),
    columns,
    keys: keys.every((key) => columns.includes(key)) ? keys : [],
    relationships: relationshipsOf(tables, tracked, role),
    joined: joinedFields(tracked, access, remoteTypes),
    access,
  };
}

/** A role has those remote relationships whose columns and whose field it may read. */
function joinedFields(tracked: TrackedTable, { columns }: SelectAccess, typeOf: RemoteTypes): string[] {
  return (tracked.remote_relationships ?? []).flatMap((relationship) => {
    const { lhs_fields: needed } = relationship.definition.to_remote_schema;
    const type = typeOf(relationship);
    return type !== null && needed.every((c) => columns.includes(c)) ? [`${relationship.name}: ${type}`] : [];
  });
}

const listArguments = (name: string): string =>
  `(distinct_on: [${name}_select_column!], limit: Int, offset: Int, order_by: [${name}_order_by!], where: ${name}_bool_exp)`;
export const keyArguments = (keys: readonly Column[]): string =>
  lines(keys, (key) => `${key.name}: ${scalarOf(key)}!`).join(', ');

function reachedFields({ name, kind, target, isCertain, aggregates }: Relationship): string[] {
  const type = tableName(target);
  if (kind === 'object') return [`${name}: ${type}${isCertain ? '!' : ''}`];
  const list = `${name}${listArguments(type)}: [${type}!]!`;
  return aggregates ? [list, `${name}_aggregate${listArguments(type)}: ${type}_aggregate!`] : [list];
}

function columnField(column: Column): string {
  const scalar = scalarOf(column);
  return `${column.name}${scalar === 'jsonb' ? '(path: String)' : ''}: ${scalar}${column.nullable ? '' : '!'}`;
}

/** The root fields that read, for queries and subscriptions. */
export function readingRoots({ name, keys, access }: Reading): string[] {
  return [
    `${name}${listArguments(name)}: [${name}!]!`,
    ...(keys.length > 0 ? [`${name}_by_pk(${keyArguments(keys)}): ${name}`] : []),
    ...(access.aggregates ? [`${name}_aggregate${listArguments(name)}: ${name}_aggregate!`] : []),
  ];
}

export const streamRoot = ({ name }: Reading): string =>
  `${name}_stream(batch_size: Int!, cursor: [${name}_stream_cursor_input]!, where: ${name}_bool_exp): [${name}!]!`;

/** The types that reading a table needs (hasura/README.md, "Table queries"). */
export function readingTypes(reading: Reading): string[] {
  const { name, columns, relationships, joined, access } = reading;
  const objects = relationships.filter(({ kind }) => kind === 'object');
  const counted = relationships.filter(({ aggregates, kind }) => aggregates && kind === 'array');
  return [
    block('type', name, [...lines(columns, columnField), ...relationships.flatMap(reachedFields), ...joined]),
    block('input', `${name}_bool_exp`, [
      ...[`_and: [${name}_bool_exp!]`, `_or: [${name}_bool_exp!]`, `_not: ${name}_bool_exp`],
      ...lines(columns, (column) => `${column.name}: ${scalarOf(column)}_comparison_exp`),
      ...lines(relationships, (reached) => `${reached.name}: ${tableName(reached.target)}_bool_exp`),
      ...lines(counted, (it) => `${it.name}_aggregate: ${tableName(it.target)}_aggregate_bool_exp`),
    ]),
    block('input', `${name}_order_by`, [
      ...lines(columns, (column) => `${column.name}: order_by`),
      ...lines(objects, (reached) => `${reached.name}: ${tableName(reached.target)}_order_by`),
      ...lines(counted, (it) => `${it.name}_aggregate: ${tableName(it.target)}_aggregate_order_by`),
    ]),
    block(
      'enum',
      `${name}_select_column`,
      lines(columns, (column) => column.name),
    ),
    block('input', `${name}_stream_cursor_input`, [
      `initial_value: ${name}_stream_cursor_value_input!`,
      'ordering: cursor_ordering',
    ]),
    block(
      'input',
      `${name}_stream_cursor_value_input`,
      lines(columns, (column) => `${column.name}: ${scalarOf(column)}`),
    ),
    ...(access.aggregates ? aggregateTypes(reading) : []),
  ];
}

const UNORDERED = ['jsonb', 'json', 'Boolean', 'inet'];

/** There are no columns with numbers, and so no sums. */
function aggregateTypes({ name, columns }: Reading): string[] {
  const comparable = columns.filter((column) => !UNORDERED.includes(scalarOf(column)));
  if (columns.some((column) => /^(Int|Float|numeric|bigint|smallint)$/.test(scalarOf(column))))
    throw new Error(`Sums of ${name} are not played.`);
  const extremes = (suffix: string) => ['max', 'min'].map((way) => `${way}: ${name}_${way}_${suffix}`);
  const each = (suffix: string, kind: string, line: (column: Column) => string) =>
    ['max', 'min'].map((way) => block(kind, `${name}_${way}_${suffix}`, lines(comparable, line)));
  const counted = `(columns: [${name}_select_column!], distinct: Boolean)`;
  return [
    block('type', `${name}_aggregate`, [`aggregate: ${name}_aggregate_fields`, `nodes: [${name}!]!`]),
    block('type', `${name}_aggregate_fields`, [`count${counted}: Int!`, ...extremes('fields')]),
    ...each('fields', 'type', (column) => `${column.name}: ${scalarOf(column)}`),
    block('input', `${name}_aggregate_order_by`, ['count: order_by', ...extremes('order_by')]),
    ...each('order_by', 'input', ({ name: column }) => `${column}: order_by`),
    block('input', `${name}_aggregate_bool_exp`, [`count: ${name}_aggregate_bool_exp_count`]),
    block('input', `${name}_aggregate_bool_exp_count`, [
      ...[`arguments: [${name}_select_column!]`, 'distinct: Boolean', `filter: ${name}_bool_exp`],
      'predicate: Int_comparison_exp!',
    ]),
  ];
}

const TEXT_OPERATORS = ['like', 'nlike', 'ilike', 'nilike', 'similar', 'nsimilar'];
const PATTERN_OPERATORS = ['regex', 'nregex', 'iregex', 'niregex'];

/** The operators that a client has for columns of a type (hasura/README.md, "Table queries"). */
export function comparisonTypes(scalar: string): string[] {
  const of = (names: readonly string[], type = scalar) => names.map((name) => `_${name}: ${type}`);
  const fields = [
    ...[...of(['eq', 'neq', 'gt', 'gte', 'lt', 'lte']), `_in: [${scalar}!]`, `_nin: [${scalar}!]`],
    ...of(['is_null'], 'Boolean'),
    ...(scalar === 'String' ? of([...TEXT_OPERATORS, ...PATTERN_OPERATORS]) : []),
    ...(scalar === 'jsonb'
      ? [
          ...[...of(['contains', 'contained_in']), ...of(['has_key'], 'String')],
          ...[...of(['has_keys_any', 'has_keys_all'], '[String!]'), '_cast: jsonb_cast_exp'],
        ]
      : []),
  ];
  const cast =
    scalar === 'jsonb' ? [block('input', 'jsonb_cast_exp', ['String: String_comparison_exp'])] : [];
  return [block('input', `${scalar}_comparison_exp`, fields), ...cast];
}
