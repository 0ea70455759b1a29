import { isDeepStrictEqual } from 'node:util';
import { type CheckContext, declaredTable, trackedTables, where } from './context.ts';
import { checkFilter } from './filters.ts';
import { type Finding, finding } from './rules.ts';
import type { Metadata, Table } from './shape.ts';

/** Checks the permissions on the tables. */
export function* checkPermissions(context: CheckContext): Generator<Finding> {
  yield* checkRoles(context);
  for (const table of trackedTables(context)) {
    if (table.insert_permissions.length + table.delete_permissions.length > 0) {
      yield finding('no-insert-delete', where(table.table), 'Only the gateway inserts and deletes rows.');
    }
    for (const entry of table.select_permissions) yield* checkSelect(context, table, entry);
    for (const entry of table.update_permissions) yield* checkUpdate(context, table, entry);
  }
}

function rolesByPlace(metadata: Metadata): [string, string[]][] {
  const roles = (entries: readonly { role: string }[]) => entries.map(({ role }) => role);
  const tables = metadata.databases.flatMap((source) => source.tables);
  return [
    ...tables.flatMap(({ table, select_permissions, update_permissions }): [string, string[]][] => [
      [`${where(table)}, select`, roles(select_permissions)],
      [`${where(table)}, update`, roles(update_permissions)],
    ]),
    ...metadata.remote_schemas.map((remote): [string, string[]] => [
      `remote schema ${remote.name}`,
      roles(remote.permissions),
    ]),
    ...metadata.actions.actions.map((action): [string, string[]] => [
      `action ${action.name}`,
      roles(action.permissions),
    ]),
  ];
}

function* checkRoles({ metadata, declaration }: CheckContext): Generator<Finding> {
  for (const [at, roles] of rolesByPlace(metadata)) {
    for (const [index, role] of roles.entries()) {
      if (!declaration.roles.some((known) => known === role)) {
        yield finding('role-known', at, `The role ${role} is not one of ${declaration.roles.join(', ')}.`);
      }
      if (roles.indexOf(role) !== index)
        yield finding('role-single', at, `The role ${role} has two permissions.`);
    }
  }
}

type Select = Table['select_permissions'][number];
type Update = Table['update_permissions'][number];

function* checkSelect(context: CheckContext, table: Table, { role, permission }: Select): Generator<Finding> {
  const at = `${where(table.table)}, select, role ${role}`;
  if (permission.limit === undefined || permission.limit > 100) {
    yield finding('select-limit', at, 'A select permission has a limit of at most 100 rows.');
  }
  if (permission.allow_aggregations === true) {
    yield finding('select-aggregations', at, 'Aggregations bypass the row limit.');
  }
  const everyRow = declaredTable(context, table.table)?.everyRow === true;
  yield* checkFilter(context, {
    table: table.table,
    role,
    at,
    filter: permission.filter,
    mayBeEmpty: everyRow,
  });
}

function* checkUpdate(context: CheckContext, table: Table, { role, permission }: Update): Generator<Finding> {
  const at = `${where(table.table)}, update, role ${role}`;
  const editable = declaredTable(context, table.table)?.editable ?? [];
  const written = [...permission.columns, ...Object.keys(permission.set ?? {})];
  for (const column of written) {
    if (editable.includes(column)) continue;
    yield finding('update-columns', at, `${column} is not a column that may be edited through Hasura.`);
  }
  yield* checkFilter(context, { table: table.table, role, at, filter: permission.filter, mayBeEmpty: false });
  if (permission.filter !== undefined && !isDeepStrictEqual(permission.check, permission.filter)) {
    yield finding('update-check', at, 'The check must repeat the filter, so that no row leaves it.');
  }
}
