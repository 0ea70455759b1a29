import type { Declaration, TableDeclaration, TableDescription } from '../declaration-types.ts';
import { relationshipsOf } from '../relationships.ts';
import { describeTable, type TableShape } from '../table-shape.ts';
import type { RemoteRelationship, SourceMetadata, TableMetadata } from './types.ts';

const ROW_LIMIT = 100;

/** Leaves out an empty list, as Hasura's export does. */
const unlessEmpty = <Key extends string, Item>(key: Key, list: Item[]): { [key in Key]?: Item[] } =>
  list.length === 0 ? {} : ({ [key]: list } as { [key in Key]: Item[] });

function relationshipEntries(shape: TableShape, tracked: readonly TableShape[]) {
  const { object, array } = relationshipsOf(shape, tracked);
  const objects = object.map(({ name, column, target }) => ({
    name,
    using: { foreign_key_constraint_on: column },
    comment: `The row of ${target.name} that ${column} names.`,
  }));
  const arrays = array.map(({ name, target: { schema, name: table, column } }) => ({
    name,
    using: { foreign_key_constraint_on: { column, table: { schema, name: table } } },
    comment: `The rows of ${table} whose ${column} names this row.`,
  }));
  return { ...unlessEmpty('object_relationships', objects), ...unlessEmpty('array_relationships', arrays) };
}

function joinEntries({ joins = [] }: TableDeclaration, { remoteSchema }: Declaration) {
  const entries = joins.map(({ name, field, arguments: columns }): RemoteRelationship => {
    const args = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, `$${column}`]));
    const to_remote_schema = {
      remote_schema: remoteSchema.name,
      lhs_fields: [...new Set(Object.values(columns))],
      remote_field: { [field]: { arguments: args } },
    };
    return { name, definition: { to_remote_schema } };
  });
  return unlessEmpty('remote_relationships', entries);
}

const commentOf = (comment: string | undefined) => (comment === undefined ? {} : { comment });

function permissionEntries(
  { permissions }: TableDeclaration,
  roles: Declaration['roles'],
  text: TableDescription | undefined,
) {
  const selects = roles.flatMap((role) => {
    const declared = permissions[role]?.select;
    if (declared === undefined) return [];
    const { columns, filter } = declared;
    const permission = { columns, filter, limit: ROW_LIMIT, allow_aggregations: false };
    return [{ role, permission, ...commentOf(text?.select) }];
  });
  const updates = roles.flatMap((role) => {
    const declared = permissions[role]?.update;
    if (declared === undefined) return [];
    const { columns, filter } = declared;
    return [{ role, permission: { columns, filter, check: filter, set: {} }, ...commentOf(text?.update) }];
  });
  return { ...unlessEmpty('select_permissions', selects), ...unlessEmpty('update_permissions', updates) };
}

function tableMetadata(
  declared: TableDeclaration,
  tracked: readonly TableShape[],
  declaration: Declaration,
): TableMetadata {
  const shape = describeTable(declared.table);
  const text = declaration.descriptions.find(({ of }) => of === declared.table);
  const comments = shape.columns.map((column) => [column, { comment: text?.columns[column] ?? '' }]);
  return {
    table: { schema: shape.schema, name: shape.name },
    configuration: {
      ...(declared.customName !== undefined && { custom_name: declared.customName }),
      comment: text?.table ?? '',
      column_config: Object.fromEntries(comments),
    },
    ...relationshipEntries(shape, tracked),
    ...joinEntries(declared, declaration),
    ...permissionEntries(declared, declaration.roles, text),
  };
}

/** Returns the source with its tracked tables, their relationships and permissions, in the order of their names. */
export function sourceMetadata(declaration: Declaration): SourceMetadata {
  const { source, tables } = declaration;
  const tracked = tables.map(({ table }) => describeTable(table));
  const objects = tables.map((declared) => tableMetadata(declared, tracked, declaration));
  return {
    name: source.name,
    kind: 'postgres',
    configuration: {
      connection_info: {
        database_url: { from_env: source.urlFrom },
        isolation_level: 'read-committed',
        use_prepared_statements: true,
      },
    },
    tables: objects.sort((a, b) => (a.table.name < b.table.name ? -1 : 1)),
  };
}
