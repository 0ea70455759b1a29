import type { Column } from './catalogue.ts';
import type { RemoteRelationship, TrackedTable } from './metadata-types.ts';
import type { Naming, RootKind } from './naming.ts';
import { accessOf, relationshipsOf, scalarOf, type Tables } from './table-access.ts';
import { deleteOf, insertOf } from './table-writes.ts';

/** The type of a remote relationship, or null if the role does not know the field. */
export type RemoteTypes = (relationship: RemoteRelationship) => string | null;
type Reader = { tables: Tables; role: string; remoteTypes: RemoteTypes };

const block = (kind: string, name: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${kind} ${name} {\n  ${lines.join('\n  ')}\n}`;
/** A description in an SDL; empty without a comment in the metadata (hasura/README.md, "Descriptions"). */
const description = (comment: string | undefined): string =>
  comment === undefined ? '' : `${JSON.stringify(comment)} `;
type Named = { naming: Naming; tracked: TrackedTable };
const plain = ({ naming, tracked }: Named, columns: readonly Column[], mark = ''): string[] =>
  columns.map((column) => `${naming.field(tracked, column.name)}: ${scalarOf(column)}${mark}`);
const listOf = ({ naming, tracked }: Named): string =>
  `(where: ${naming.type(tracked, '_bool_exp')}, ${naming.argument('order_by')}: [${naming.type(tracked, '_order_by')}!], limit: Int, offset: Int): [${naming.type(tracked)}!]!`;

const WAYS = [...['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last']];

/**
 * The SDL of the tracked tables for a role (hasura/README.md, "Table queries" and "Table changes"). The stand-in does not play
 * streams, and inserts and deletes of admin. An aggregate only shows that the role may use aggregates.
 */
export function tablesSdl(reader: Reader): string {
  const parts = reader.tables.tables.flatMap((tracked) => partOf(reader, tracked) ?? []);
  if (parts.length === 0) return '';
  const { naming } = reader.tables;
  const scalars = new Set(parts.flatMap(({ scalars }) => scalars));
  return [
    ...parts.flatMap(({ types }) => types),
    ...[...scalars].map((scalar) => comparisonType(naming, scalar)),
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
    block(
      'enum',
      naming.shared('order_by'),
      WAYS.map((way) => naming.value(way)),
    ),
  ].join('\n');
}

type Part = { types: string[]; scalars: string[]; queries: string[]; mutations: string[] };

function partOf(reader: Reader, tracked: TrackedTable): Part | null {
  const { tables, role } = reader;
  const { select, update } = accessOf(tables, tracked, role);
  if (select === null) return null;
  const { naming } = tables;
  const named = { naming, tracked };
  const name = naming.type(tracked);
  const root = (kind: RootKind) => naming.root(tracked, kind);
  const all = tables.catalogue.columns(tracked.table);
  const columns = all.filter((column) => select.columns.includes(column.name));
  const settable = all.filter((column) => update?.columns.includes(column.name));
  const keys = all.filter(({ inPrimaryKey }) => inPrimaryKey);
  const isKnown = keys.length > 0 && keys.every((key) => columns.includes(key));
  const byKey = plain(named, keys, '!').join(', ');
  const aggregate = naming.type(tracked, '_aggregate');
  const writes = writesOf(reader, tracked, { settable, keys: isKnown ? keys : [] });
  return {
    types: [
      ...rowTypes(reader, tracked, columns),
      ...(select.aggregates ? [block('type', aggregate, [`nodes: [${name}!]!`])] : []),
      ...writes.types,
    ],
    scalars: columns.map(scalarOf),
    queries: [
      `${root('select')}${listOf(named)}`,
      ...(isKnown ? [`${root('select_by_pk')}(${byKey}): ${name}`] : []),
      ...(select.aggregates ? [`${root('select_aggregate')}: ${aggregate}!`] : []),
    ],
    mutations: writes.mutations,
  };
}

type Writable = { settable: readonly Column[]; keys: readonly Column[] };

/** What a role may change. `keys` is empty if it may not read the whole key. */
function writesOf({ tables, role }: Reader, tracked: TrackedTable, { settable, keys }: Writable) {
  const { naming } = tables;
  const named = { naming, tracked };
  const [name, condition] = [naming.type(tracked), naming.type(tracked, '_bool_exp')];
  const insert = insertOf(tables, tracked, role);
  const addable = tables.catalogue
    .columns(tracked.table)
    .filter((column) => insert?.columns.includes(column.name) && !(column.name in insert.set));
  const types: [suffix: string, kind: string, lines: string[]][] = [
    ['_set_input', 'input', plain(named, settable)],
    ['_pk_columns_input', 'input', settable.length > 0 ? plain(named, keys, '!') : []],
    ['_insert_input', 'input', plain(named, addable)],
  ];
  const response = naming.type(tracked, '_mutation_response');
  const set = `_set: ${naming.type(tracked, '_set_input')}`;
  const input = naming.type(tracked, '_insert_input');
  const root = (kind: RootKind) => naming.root(tracked, kind);
  const byKey = plain(named, keys, '!').join(', ');
  const keysInput = `${naming.argument('pk_columns')}: ${naming.type(tracked, '_pk_columns_input')}!`;
  const updates = [
    `${root('update')}(where: ${condition}!, ${set}): ${response}`,
    ...(keys.length > 0 ? [`${root('update_by_pk')}(${keysInput}, ${set}): ${name}`] : []),
  ];
  const inserts = [
    `${root('insert')}(objects: [${input}!]!): ${response}`,
    `${root('insert_one')}(object: ${input}!): ${name}`,
  ];
  const deletes = [
    `${root('delete')}(where: ${condition}!): ${response}`,
    ...(keys.length > 0 ? [`${root('delete_by_pk')}(${byKey}): ${name}`] : []),
  ];
  const mutations = [
    ...(settable.length > 0 ? updates : []),
    ...(addable.length > 0 ? inserts : []),
    ...(deleteOf(tracked, role) === null ? [] : deletes),
  ];
  const answer = block('type', response, [
    `${naming.argument('affected_rows')}: Int!`,
    `returning: [${name}!]!`,
  ]);
  const blocks = types.map(([suffix, kind, lines]) => block(kind, naming.type(tracked, suffix), lines));
  return {
    mutations,
    types: mutations.length === 0 ? [] : [...blocks.filter((text) => text !== ''), answer],
  };
}

/** A row, conditions on it, and its order. Relationships are nullable: a permission may hide the related row. */
function rowTypes(
  { tables, role, remoteTypes }: Reader,
  tracked: TrackedTable,
  columns: readonly Column[],
): string[] {
  const { naming } = tables;
  const condition = naming.type(tracked, '_bool_exp');
  const field = (name: string) => naming.field(tracked, name);
  const related = relationshipsOf(tables, tracked, role);
  const joined = (tracked.remote_relationships ?? []).flatMap((relationship) => {
    const type = remoteTypes(relationship);
    return type === null ? [] : [`${relationship.name}: ${type}`];
  });
  const { comment, column_config: columnConfig } = tracked.configuration ?? {};
  const describedField = ({ name }: Column) => `${description(columnConfig?.[name]?.comment)}${field(name)}`;
  return [
    block(`${description(comment)}type`, naming.type(tracked), [
      ...columns.map(
        (column) => `${describedField(column)}: ${scalarOf(column)}${column.nullable ? '' : '!'}`,
      ),
      ...related.map(({ name, isList, target }) =>
        isList
          ? `${field(name)}${listOf({ naming, tracked: target })}`
          : `${field(name)}: ${naming.type(target)}`,
      ),
      ...related.flatMap(({ name, aggregates, target }) =>
        aggregates ? [`${field(`${name}_aggregate`)}: ${naming.type(target, '_aggregate')}!`] : [],
      ),
      ...joined,
    ]),
    block('input', condition, [
      ...[`_and: [${condition}!]`, `_or: [${condition}!]`, `_not: ${condition}`],
      ...columns.map(
        (column) => `${field(column.name)}: ${naming.shared(`${scalarOf(column)}_comparison_exp`)}`,
      ),
      ...related.map(({ name, target }) => `${field(name)}: ${naming.type(target, '_bool_exp')}`),
    ]),
    block(
      'input',
      naming.type(tracked, '_order_by'),
      columns.map((column) => `${field(column.name)}: ${naming.shared('order_by')}`),
    ),
  ];
}

function comparisonType(naming: Naming, scalar: string): string {
  const operators = [
    'eq',
    'neq',
    'gt',
    'gte',
    'lt',
    'lte',
    ...(scalar === 'String' ? ['like', 'ilike'] : []),
  ];
  return block('input', naming.shared(`${scalar}_comparison_exp`), [
    ...operators.map((operator) => `_${operator}: ${scalar}`),
    ...[`_in: [${scalar}!]`, `_nin: [${scalar}!]`, '_is_null: Boolean'],
  ]);
}
