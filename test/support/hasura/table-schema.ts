import type { Column } from './catalogue.ts';
import type { RemoteRelationship, TrackedTable } from './metadata-types.ts';
import type { Naming, RootKind } from './naming.ts';
import { accessOf, relationshipsOf, scalarOf, type Tables } from './table-access.ts';

/** The type of a remote relationship, or null if the role does not know the field. */
export type RemoteTypes = (relationship: RemoteRelationship) => string | null;
type Reader = { tables: Tables; role: string; remoteTypes: RemoteTypes };

const block = (kind: string, name: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${kind} ${name} {\n  ${lines.join('\n  ')}\n}`;
type Named = { naming: Naming; tracked: TrackedTable };
const plain = ({ naming, tracked }: Named, columns: readonly Column[], mark = ''): string[] =>
  columns.map((column) => `${naming.field(tracked, column.name)}: ${scalarOf(column)}${mark}`);
const listOf = ({ naming, tracked }: Named): string =>
  `(where: ${naming.type(tracked, '_bool_exp')}, ${naming.argument('order_by')}: [${naming.type(tracked, '_order_by')}!], limit: Int, offset: Int): [${naming.type(tracked)}!]!`;

const WAYS = [...['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last']];

/**
 * The SDL of the tracked tables for a role (hasura/README.md, "Table queries" and "Table changes"). The stand-in does not play
 * inserts, deletes and streams. An aggregate only shows that the role may use aggregates.
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
  const set = `_set: ${naming.type(tracked, '_set_input')}`;
  const response = naming.type(tracked, '_mutation_response');
  const aggregate = naming.type(tracked, '_aggregate');
  const keysInput = naming.type(tracked, '_pk_columns_input');
  return {
    types: [
      ...rowTypes(reader, tracked, columns),
      ...(select.aggregates ? [block('type', aggregate, [`nodes: [${name}!]!`])] : []),
      ...(settable.length === 0
        ? []
        : [
            block('input', naming.type(tracked, '_set_input'), plain(named, settable)),
            ...(isKnown ? [block('input', keysInput, plain(named, keys, '!'))] : []),
            block('type', response, [`${naming.argument('affected_rows')}: Int!`, `returning: [${name}!]!`]),
          ]),
    ],
    scalars: columns.map(scalarOf),
    queries: [
      `${root('select')}${listOf(named)}`,
      ...(isKnown ? [`${root('select_by_pk')}(${byKey}): ${name}`] : []),
      ...(select.aggregates ? [`${root('select_aggregate')}: ${aggregate}!`] : []),
    ],
    mutations:
      settable.length === 0
        ? []
        : [
            `${root('update')}(where: ${naming.type(tracked, '_bool_exp')}!, ${set}): ${response}`,
            ...(isKnown
              ? [`${root('update_by_pk')}(${naming.argument('pk_columns')}: ${keysInput}!, ${set}): ${name}`]
              : []),
          ],
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
  return [
    block('type', naming.type(tracked), [
      ...columns.map((column) => `${field(column.name)}: ${scalarOf(column)}${column.nullable ? '' : '!'}`),
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
