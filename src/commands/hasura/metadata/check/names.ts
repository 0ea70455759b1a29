import { isIntrospectionType, isScalarType, parse } from 'graphql';
import { rootFieldNames } from '../role-sdl.ts';
import { type CheckContext, trackedTables } from './context.ts';
import { type Finding, finding } from './rules.ts';
import { rootTypes, typesOf } from './sdl-document.ts';
import type { Table } from './shape.ts';

/** The suffixes of the types that Hasura generates for a table. */
const TABLE_TYPE_SUFFIXES = [
  ...['', '_aggregate', '_aggregate_fields', '_aggregate_order_by', '_arr_rel_insert_input', '_bool_exp'],
  ...['_constraint', '_insert_input', '_max_fields', '_max_order_by', '_min_fields', '_min_order_by'],
  ...['_mutation_response', '_obj_rel_insert_input', '_on_conflict', '_order_by', '_pk_columns_input'],
  ...['_select_column', '_set_input', '_stream_cursor_input', '_stream_cursor_value_input'],
  ...['_update_column', '_updates'],
];

const ROOT_FIELDS = {
  select: (name: string) => name,
  select_by_pk: (name: string) => `${name}_by_pk`,
  select_aggregate: (name: string) => `${name}_aggregate`,
  select_stream: (name: string) => `${name}_stream`,
  insert: (name: string) => `insert_${name}`,
  insert_one: (name: string) => `insert_${name}_one`,
  update: (name: string) => `update_${name}`,
  update_by_pk: (name: string) => `update_${name}_by_pk`,
  update_many: (name: string) => `update_${name}_many`,
  delete: (name: string) => `delete_${name}`,
  delete_by_pk: (name: string) => `delete_${name}_by_pk`,
};

const BUILT_IN_ROOTS = ['query_root', 'mutation_root', 'subscription_root'];

/** Returns the name of a table in Hasura's GraphQL. */
function graphqlName({ table, configuration }: Table): string {
  const byDefault = table.schema === 'public' ? table.name : `${table.schema}_${table.name}`;
  return configuration?.custom_name ?? byDefault;
}

function tableRootFields(table: Table): string[] {
  const name = graphqlName(table);
  const custom = table.configuration?.custom_root_fields ?? {};
  return Object.entries(ROOT_FIELDS).map(([kind, build]) => custom[kind] ?? build(name));
}

type Owned = { name: string; owner: string };

function* checkUnique(kind: string, owned: readonly Owned[]): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const { name, owner } of owned) {
    const other = owners.get(name);
    if (other !== undefined)
      yield finding('names-unique', name, `${other} and ${owner} both make this ${kind}.`);
    else owners.set(name, owner);
  }
}

/** Checks for duplicate names: tables, actions and the remote schema share one namespace of types, and one of root fields. */
export function* checkNames(context: CheckContext): Generator<Finding> {
  const tables = trackedTables(context).map((table) => ({ table, owner: `table ${table.table.name}` }));
  const actions = parse(context.actionsSdl);
  const remoteTypes = Object.values(context.seen.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isScalarType(type))
    .filter(({ name }) => name !== 'Query' && name !== 'Mutation');
  const actionTypes = typesOf(actions).filter(
    ({ name }) => name.value !== 'Query' && name.value !== 'Mutation',
  );
  yield* checkUnique('type', [
    ...BUILT_IN_ROOTS.map((name) => ({ name, owner: 'Hasura' })),
    ...tables.flatMap(({ table, owner }) =>
      TABLE_TYPE_SUFFIXES.map((suffix) => ({ name: `${graphqlName(table)}${suffix}`, owner })),
    ),
    ...actionTypes.map(({ name }) => ({ name: name.value, owner: 'an action' })),
    ...remoteTypes.map(({ name }) => ({ name, owner: 'the remote schema' })),
  ]);
  const { query, mutation } = rootTypes(actions);
  const actionFields = [...(query?.fields ?? []), ...(mutation?.fields ?? [])];
  yield* checkUnique('root field', [
    ...tables.flatMap(({ table, owner }) => tableRootFields(table).map((name) => ({ name, owner }))),
    ...actionFields.map(({ name }) => ({ name: name.value, owner: 'an action' })),
    ...rootFieldNames(context.schema).map((name) => ({ name, owner: 'the remote schema' })),
  ]);
}
