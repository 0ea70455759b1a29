import type { SourceCustomization, TrackedTable } from './metadata-types.ts';

/** The root fields of a table, under the keys of `custom_root_fields`. */
export type RootKind =
  | 'select'
  | 'select_by_pk'
  | 'select_aggregate'
  | 'update'
  | 'update_by_pk'
  | 'insert'
  | 'insert_one'
  | 'delete'
  | 'delete_by_pk';
export const ROOT_KINDS = [
  ...['select', 'select_by_pk', 'select_aggregate', 'update', 'update_by_pk'],
  ...['insert', 'insert_one', 'delete', 'delete_by_pk'],
] as RootKind[];

/** The GraphQL names of a source's tables (hasura/README.md, "Customized names"). */
export type Naming = {
  /** The type of a table, or one that is made from it: `_bool_exp`. */
  type(tracked: TrackedTable, suffix?: string): string;
  /** A type that the tables of a source share: `order_by`. */
  shared(name: string): string;
  root(tracked: TrackedTable, kind: RootKind): string;
  /** The field of a column or relationship. */
  field(tracked: TrackedTable, name: string): string;
  /** The column or relationship of a field. */
  nameOf(tracked: TrackedTable, field: string, names: readonly string[]): string;
  /** An argument like `order_by`, or a value of `order_by`. */
  argument(name: string): string;
  value(name: string): string;
};

const camel = (name: string): string => name.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string): string => camel(name).replace(/^./, (first) => first.toUpperCase());

/** `users`, `app_notes`, or the name that the metadata gives the table (hasura/README.md, "Tables"). */
const tableName = ({ table, configuration }: TrackedTable): string =>
  configuration?.custom_name ?? (table.schema === 'public' ? table.name : `${table.schema}_${table.name}`);

const ROOTS: Readonly<Record<RootKind, string>> = {
  ...{ select: '%', select_by_pk: '%_by_pk', select_aggregate: '%_aggregate', update: 'update_%' },
  ...{ update_by_pk: 'update_%_by_pk', insert: 'insert_%', insert_one: 'insert_%_one' },
  ...{ delete: 'delete_%', delete_by_pk: 'delete_%_by_pk' },
};

function customRoot({ configuration }: TrackedTable, kind: RootKind): string | undefined {
  const given = configuration?.custom_root_fields?.[kind];
  const name = typeof given === 'object' && given !== null ? (given as { name?: string }).name : given;
  return typeof name === 'string' ? name : undefined;
}

/** @param convention `hasura-default` or `graphql-default` */
export function createNaming(
  { root_fields: roots = {}, type_names: types = {} }: SourceCustomization = {},
  convention = 'hasura-default',
): Naming {
  const isGraphql = convention === 'graphql-default';
  const typed = (name: string) =>
    `${types.prefix ?? ''}${isGraphql ? pascal(name) : name}${types.suffix ?? ''}`;
  const field = ({ configuration }: TrackedTable, name: string) => {
    const custom =
      configuration?.column_config?.[name]?.custom_name ?? configuration?.custom_column_names?.[name];
    return custom ?? (isGraphql ? camel(name) : name);
  };
  return {
    type: (tracked, suffix = '') => typed(`${tableName(tracked)}${suffix}`),
    shared: typed,
    root(tracked, kind) {
      const standardName = ROOTS[kind].replace('%', tableName(tracked));
      const name = customRoot(tracked, kind) ?? (isGraphql ? camel(standardName) : standardName);
      return `${roots.prefix ?? ''}${name}${roots.suffix ?? ''}`;
    },
    field,
    nameOf: (tracked, given, names) => names.find((name) => field(tracked, name) === given) ?? given,
    argument: (name) => (isGraphql ? camel(name) : name),
    value: (name) => (isGraphql ? name.toUpperCase() : name),
  };
}
