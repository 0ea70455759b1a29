import { sameTable, type TableShape } from '../table-shape.ts';
import { type CheckContext, declaredTable, shapeOf, trackedTables, where } from './context.ts';
import { type Finding, finding } from './rules.ts';
import type { Table } from './shape.ts';

/** Checks that the source, its tables and their relationships exist. */
export function* checkTables(context: CheckContext): Generator<Finding> {
  yield* checkSource(context);
  yield* checkEveryTableTracked(context);
  for (const table of trackedTables(context)) {
    yield* checkTable(context, table);
    const shape = shapeOf(context, table.table);
    if (shape === undefined) continue;
    yield* checkColumns(table, shape);
    yield* checkReadable(context, shape);
    yield* checkRelationships(context, table, shape);
  }
}

function* checkSource({ metadata, declaration }: CheckContext): Generator<Finding> {
  const [source, ...more] = metadata.databases;
  if (source?.kind === 'postgres' && more.length === 0) return;
  yield finding('source', 'databases', `One source must be ${declaration.source.name}, of kind postgres.`);
}

function* checkEveryTableTracked(context: CheckContext): Generator<Finding> {
  const tracked = trackedTables(context).map(({ table }) => table);
  for (const table of context.tables) {
    if (table.schema !== context.declaration.databaseSchema) continue;
    const count = tracked.filter((other) => sameTable(other, table)).length;
    if (count !== 1)
      yield finding('table-tracked', where(table), `This table is tracked ${count} times, not once.`);
  }
}

function* checkTable(context: CheckContext, table: Table): Generator<Finding> {
  const at = where(table.table);
  if (shapeOf(context, table.table) === undefined) {
    yield finding('table-known', at, 'No migration creates this table.');
  }
  if (table.event_triggers.length > 0) {
    yield finding('event-triggers', at, 'An event trigger would send every column of the row.');
  }
  if (table.table.name === 'jwks') yield* checkJwks(table, at);
}

function* checkJwks(table: Table, at: string): Generator<Finding> {
  if (table.configuration?.custom_name !== 'jwks') {
    yield finding('jwks-table', at, 'Its GraphQL name must stay jwks.');
  }
  if (table.select_permissions.length + table.update_permissions.length > 0) {
    yield finding('jwks-table', at, 'Only admin may see or change signing keys.');
  }
}

function* checkColumns(table: Table, shape: TableShape): Generator<Finding> {
  const permissions = [...table.select_permissions, ...table.update_permissions];
  for (const { role, permission } of permissions) {
    for (const column of permission.columns) {
      if (shape.columns.includes(column)) continue;
      yield finding('column-known', `${where(shape)}, role ${role}`, `The table has no column ${column}.`);
    }
  }
}

/** Checks the grants: Hasura selects `*`, so without a grant on one column it cannot read the table. */
function* checkReadable(context: CheckContext, shape: TableShape): Generator<Finding> {
  const readable = declaredTable(context, shape)?.readable ?? [];
  for (const column of shape.columns) {
    if (readable.includes(column)) continue;
    yield finding('column-readable', where(shape), `The database role has no grant to read ${column}.`);
  }
}

function* checkRelationships(context: CheckContext, table: Table, shape: TableShape): Generator<Finding> {
  const at = where(shape);
  const tracked = trackedTables(context).map((other) => other.table);
  for (const { name, using } of table.object_relationships) {
    const key = shape.foreignKeys.find(({ column }) => column === using.foreign_key_constraint_on);
    if (key !== undefined && tracked.some((other) => sameTable(other, key.references))) continue;
    const message = `${name}: ${using.foreign_key_constraint_on} is not a foreign key to a tracked table.`;
    yield finding('relationship', at, message);
  }
  for (const { name, using } of table.array_relationships) {
    const { column, table: target } = using.foreign_key_constraint_on;
    const key = shapeOf(context, target)?.foreignKeys.find((candidate) => candidate.column === column);
    const leadsHere = key !== undefined && sameTable(key.references, shape);
    if (leadsHere && tracked.some((other) => sameTable(other, target))) continue;
    yield finding(
      'relationship',
      at,
      `${name}: ${target.name}.${column} is not a foreign key of a tracked table to this one.`,
    );
  }
}
