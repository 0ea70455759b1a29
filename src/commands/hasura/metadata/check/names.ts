import { isIntrospectionType, isScalarType, Kind, parse } from 'graphql';
import { rootFieldNames } from '../role-sdl.ts';
import { type CheckContext, isCondition, trackedTables } from './context.ts';
import { actionNames, listOf, tableOf } from './parts.ts';
import { type Finding, finding } from './rules.ts';
import { rootFieldsOf, typesOf } from './sdl-document.ts';
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

/** What decides the names of a table in Hasura's GraphQL. */
type NamedTable = Pick<Table, 'table' | 'configuration'>;

/** Returns the name of a table in Hasura's GraphQL. */
function graphqlName({ table, configuration }: NamedTable): string {
  const byDefault = table.schema === 'public' ? table.name : `${table.schema}_${table.name}`;
  return configuration?.custom_name ?? byDefault;
}

function tableRootFields(table: NamedTable): string[] {
  const name = graphqlName(table);
  const custom = table.configuration?.custom_root_fields ?? {};
  return Object.entries(ROOT_FIELDS).map(([kind, build]) => custom[kind] ?? build(name));
}

type Owned = { name: string; owner: string; isOurs: boolean };

/** Reports a name with two owners, if one of them is ours. */
function* checkUnique(kind: string, owned: readonly Owned[]): Generator<Finding> {
  const owners = new Map<string, Owned>();
  for (const one of owned) {
    const { name, owner, isOurs } = one;
    const other = owners.get(name);
    if (other === undefined) owners.set(name, one);
    else if (isOurs || other.isOurs)
      yield finding('names-unique', name, `${other.owner} and ${owner} both make this ${kind}.`);
  }
}

/** Lists an application's tables, except those of a source that renames them. */
function theirTables({ all, declaration }: CheckContext): NamedTable[] {
  const sources = listOf(all.documents.databases).filter((source) => !('customization' in source));
  return sources.flatMap(({ tables }) =>
    listOf(tables).flatMap((entry) => {
      const table = tableOf(entry);
      if (table === undefined || table.schema === declaration.databaseSchema) return [];
      const { custom_name, custom_root_fields } = isCondition(entry.configuration) ? entry.configuration : {};
      const fields = isCondition(custom_root_fields) ? Object.entries(custom_root_fields) : [];
      const named = fields.map(([kind, field]) => [kind, isCondition(field) ? field.name : field]);
      const texts = named.filter(([, field]) => typeof field === 'string') as [string, string][];
      const configuration = {
        ...(typeof custom_name === 'string' && { custom_name }),
        custom_root_fields: Object.fromEntries(texts),
      };
      return [{ table, configuration }];
    }),
  );
}

type Named = { name: { value: string } };

/** Lists the types or root fields of the actions. Those that `own` lists are ours. */
const ofActions = (nodes: readonly Named[], own: readonly string[]): Owned[] =>
  nodes.map(({ name: { value: name } }) => ({ name, owner: 'an action', isOurs: own.includes(name) }));

/** Checks for duplicate names: tables, actions and the remote schema share one namespace of types, and one of root fields. */
export function* checkNames(context: CheckContext): Generator<Finding> {
  const ours = trackedTables(context).map((table) => ({ table, isOurs: true }));
  const theirs = theirTables(context).map((table) => ({ table, isOurs: false }));
  const ofTables = (names: (table: NamedTable) => string[]): Owned[] =>
    [...ours, ...theirs].flatMap(({ table, isOurs }) =>
      names(table).map((name) => ({ name, owner: `table ${table.table.name}`, isOurs })),
    );
  const actions = parse(context.all.actionsSdl);
  const own = actionNames(context.declaration);
  const remote = (name: string): Owned => ({ name, owner: 'the remote schema', isOurs: true });
  const remoteTypes = Object.values(context.seen.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isScalarType(type))
    .filter(({ name }) => name !== 'Query' && name !== 'Mutation');
  const actionTypes = typesOf(actions).filter(
    ({ name, kind }) =>
      name.value !== 'Query' && name.value !== 'Mutation' && kind !== Kind.SCALAR_TYPE_DEFINITION,
  );
  yield* checkUnique('type', [
    ...BUILT_IN_ROOTS.map((name) => ({ name, owner: 'Hasura', isOurs: false })),
    ...ofTables((table) => TABLE_TYPE_SUFFIXES.map((suffix) => `${graphqlName(table)}${suffix}`)),
    ...ofActions(actionTypes, own.types),
    ...remoteTypes.map(({ name }) => remote(name)),
  ]);
  yield* checkUnique('root field', [
    ...ofTables(tableRootFields),
    ...ofActions(rootFieldsOf(actions), own.actions),
    ...rootFieldNames(context.schema).map(remote),
  ]);
}
