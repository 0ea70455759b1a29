import type { Column } from './catalogue.ts';
import type { TrackedTable } from './metadata.ts';
import { accessOf, relationshipsOf, scalarOf, type Tables, tableName } from './table-access.ts';
import { block, keyArguments, type Reading } from './table-types.ts';

export type Part = { roots: readonly string[]; types: readonly string[] };
const NOTHING: Part = { roots: [], types: [] };

/** The operators of an update beside `_set`, all for jsonb: what each takes. There are no columns with numbers. */
const JSONB_OPERATORS = {
  append: 'jsonb',
  prepend: 'jsonb',
  delete_key: 'String',
  delete_elem: 'Int',
  delete_at_path: '[String!]',
} as const;

const plain = (columns: readonly Column[]) => columns.map((column) => `${column.name}: ${scalarOf(column)}`);

/** What a role may change of a table, and how GraphQL shows that (hasura/README.md, "Table changes"). */
export function changingOf(tables: Tables, tracked: TrackedTable, role: string, reading: Reading): Part {
  const { update, insertsAndDeletes } = accessOf(tables, tracked, role);
  const all = tables.catalogue.columns(tracked.table);
  const settable = all.filter(({ name }) => update?.columns.includes(name));
  const updating = settable.length > 0 ? updatePart(reading, settable) : NOTHING;
  const making = insertsAndDeletes ? insertPart(tables, tracked, role, reading) : NOTHING;
  const removing = insertsAndDeletes ? deleteRoots(reading) : [];
  const { name } = reading;
  const types = [...updating.types, ...making.types];
  if (types.length > 0)
    types.push(block('type', `${name}_mutation_response`, ['affected_rows: Int!', `returning: [${name}!]!`]));
  return { roots: [...updating.roots, ...making.roots, ...removing], types };
}

function updatePart({ name, keys }: Reading, settable: readonly Column[]): Part {
  const json = settable.filter((column) => scalarOf(column) === 'jsonb');
  const operators = Object.entries(json.length > 0 ? JSONB_OPERATORS : {});
  const inputs = ['set', ...operators.map(([operator]) => operator)];
  const changes = inputs.map((input) => `_${input}: ${name}_${input}_input`).join(', ');
  const response = `${name}_mutation_response`;
  const byKey = `update_${name}_by_pk(pk_columns: ${name}_pk_columns_input!, ${changes}): ${name}`;
  return {
    roots: [
      `update_${name}(where: ${name}_bool_exp!, ${changes}): ${response}`,
      `update_${name}_many(updates: [${name}_updates!]!): [${response}]`,
      ...(keys.length > 0 ? [byKey] : []),
    ],
    types: [
      block('input', `${name}_set_input`, plain(settable)),
      block('input', `${name}_updates`, [`where: ${name}_bool_exp!`, ...changes.split(', ')]),
      block('input', `${name}_pk_columns_input`, keys.length > 0 ? keyArguments(keys).split(', ') : []),
      ...operators.map(([operator, type]) =>
        block(
          'input',
          `${name}_${operator}_input`,
          json.map((column) => `${column.name}: ${type}`),
        ),
      ),
    ],
  };
}

function insertPart(tables: Tables, tracked: TrackedTable, role: string, { name }: Reading): Part {
  const columns = tables.catalogue.columns(tracked.table);
  const reached = relationshipsOf(tables, tracked, role).map(
    ({ name: field, kind, target }) =>
      `${field}: ${tableName(target)}_${kind === 'object' ? 'obj' : 'arr'}_rel_insert_input`,
  );
  const conflict = `on_conflict: ${name}_on_conflict`;
  return {
    roots: [
      `insert_${name}(objects: [${name}_insert_input!]!, ${conflict}): ${name}_mutation_response`,
      `insert_${name}_one(object: ${name}_insert_input!, ${conflict}): ${name}`,
    ],
    types: [
      block('input', `${name}_insert_input`, [...plain(columns), ...reached]),
      block('input', `${name}_obj_rel_insert_input`, [`data: ${name}_insert_input!`, conflict]),
      block('input', `${name}_arr_rel_insert_input`, [`data: [${name}_insert_input!]!`, conflict]),
      block('enum', `${name}_constraint`, tables.catalogue.constraints(tracked.table)),
      block(
        'enum',
        `${name}_update_column`,
        columns.map((column) => column.name),
      ),
      block('input', `${name}_on_conflict`, [
        `constraint: ${name}_constraint!`,
        `update_columns: [${name}_update_column!]! = []`,
        `where: ${name}_bool_exp`,
      ]),
    ],
  };
}

const deleteRoots = ({ name, keys }: Reading): string[] => [
  `delete_${name}(where: ${name}_bool_exp!): ${name}_mutation_response`,
  ...(keys.length > 0 ? [`delete_${name}_by_pk(${keyArguments(keys)}): ${name}`] : []),
];
