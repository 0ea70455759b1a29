import type { Declaration, TableDeclaration } from './declaration-types.ts';
import { relationshipsOf } from './relationships.ts';
import { describeTable, type TableShape } from './table-shape.ts';
import { yamlFile } from './yaml.ts';

const ROW_LIMIT = 100;

/** Leaves out an empty list, as Hasura's export does. */
const unlessEmpty = (key: string, list: readonly unknown[]) => (list.length === 0 ? {} : { [key]: list });

function relationshipEntries(shape: TableShape, tracked: readonly TableShape[]) {
  const { object, array } = relationshipsOf(shape, tracked);
  const objects = object.map(({ name, column }) => ({ name, using: { foreign_key_constraint_on: column } }));
  const arrays = array.map(({ name, target: { schema, name: table, column } }) => ({
    name,
    using: { foreign_key_constraint_on: { column, table: { schema, name: table } } },
  }));
  return { ...unlessEmpty('object_relationships', objects), ...unlessEmpty('array_relationships', arrays) };
}

/** Returns the remote relationships. `lhs_fields` lists the columns that are arguments. */
function joinEntries({ joins = [] }: TableDeclaration, { remoteSchema }: Declaration) {
  const entries = joins.map(({ name, field, arguments: columns }) => {
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

function permissionEntries({ permissions }: TableDeclaration, roles: Declaration['roles']) {
  const selects = roles.flatMap((role) => {
    const declared = permissions[role]?.select;
    if (declared === undefined) return [];
    const { columns, filter } = declared;
    return [{ role, permission: { columns, filter, limit: ROW_LIMIT, allow_aggregations: false } }];
  });
  const updates = roles.flatMap((role) => {
    const declared = permissions[role]?.update;
    if (declared === undefined) return [];
    const { columns, filter } = declared;
    return [{ role, permission: { columns, filter, check: filter, set: {} } }];
  });
  return { ...unlessEmpty('select_permissions', selects), ...unlessEmpty('update_permissions', updates) };
}

function tableFile(declared: TableDeclaration, tracked: readonly TableShape[], declaration: Declaration) {
  const shape = describeTable(declared.table);
  return yamlFile({
    table: { schema: shape.schema, name: shape.name },
    ...(declared.customName !== undefined && { configuration: { custom_name: declared.customName } }),
    ...relationshipEntries(shape, tracked),
    ...joinEntries(declared, declaration),
    ...permissionEntries(declared, declaration.roles),
  });
}

function databasesFile({ source }: Declaration): string {
  return yamlFile([
    {
      name: source.name,
      kind: 'postgres',
      configuration: {
        connection_info: {
          database_url: { from_env: source.urlFrom },
          isolation_level: 'read-committed',
          use_prepared_statements: true,
        },
      },
      tables: `!include ${source.name}/tables/tables.yaml`,
    },
  ]);
}

/** Returns the files of `databases/`: the source, its tracked tables, their relationships and permissions. */
export function tableFiles(declaration: Declaration): Map<string, string> {
  const tracked = declaration.tables.map(({ table }) => describeTable(table));
  const folder = `databases/${declaration.source.name}/tables`;
  const fileNames = tracked.map(({ schema, name }) => `${schema}_${name}.yaml`).sort();
  return new Map([
    ['databases/databases.yaml', databasesFile(declaration)],
    [`${folder}/tables.yaml`, yamlFile(fileNames.map((name) => `!include ${name}`))],
    ...declaration.tables.map((declared): [string, string] => {
      const { schema, name } = describeTable(declared.table);
      return [`${folder}/${schema}_${name}.yaml`, tableFile(declared, tracked, declaration)];
    }),
  ]);
}
