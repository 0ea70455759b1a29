// The rows that a session may read and change, with the engine's own database role.
import type postgres from 'postgres';
import {
  type Context,
  compileFilter,
  type HasuraSession,
  parameter,
  quote,
  quoteTable,
  Refused,
} from './filters.ts';
import { parseJson, printJson } from './json.ts';
import type { BoolExp, TrackedTable } from './metadata-types.ts';
import { accessOf, type Tables } from './table-access.ts';

export type Row = Record<string, unknown>;
export type Database = Tables & { sql: postgres.Sql };
export type Query = {
  where?: BoolExp | null;
  order_by?: Record<string, string>[] | null;
  limit?: number | null;
  offset?: number | null;
  /** Only rows whose column has this value. */
  of?: { column: string; value: unknown };
};
/** Rows as text, since numbers keep their digits. */
export type Found = { row: string }[];
export const rowsIn = (found: Found): Row[] => found.map(({ row }) => parseJson(row) as Row);

export const roleOf = (session: HasuraSession): string => session['x-hasura-role'] ?? '';

function permissionOf<Kind extends 'select' | 'update'>(
  tables: Tables,
  tracked: TrackedTable,
  { role, kind }: { role: string; kind: Kind },
) {
  const access = accessOf(tables, tracked, role)[kind];
  if (access === null) throw new Refused(`${role} has no ${kind} permission on ${tracked.table.name}`);
  return access;
}

/** The SQL conditions of the permission and of the client. */
export function conditionsOf(
  context: Context,
  tables: Tables,
  tracked: TrackedTable,
  [permitted, where]: [BoolExp, BoolExp],
): string[] {
  const role = roleOf(context.session);
  const guard = (reached: TrackedTable) => permissionOf(tables, reached, { role, kind: 'select' }).filter;
  return [
    compileFilter(context, tracked, 'r', permitted),
    compileFilter({ ...context, guard }, tracked, 'r', where),
  ];
}

/**
 * Reads the permitted rows that the query asks for (hasura/README.md, "Table permissions"). Every column is read, as the engine
 * does (hasura/README.md, "The database role").
 */
export async function readRows(
  { sql, ...tables }: Database,
  session: HasuraSession,
  tracked: TrackedTable,
  { where, order_by, limit, offset, of }: Query,
): Promise<Row[]> {
  const access = permissionOf(tables, tracked, { role: roleOf(session), kind: 'select' });
  const context: Context = { ...tables, session, parameters: [] };
  const conditions = conditionsOf(context, tables, tracked, [access.filter, where ?? {}]);
  if (of !== undefined) {
    const type = tables.catalogue.columnType(tracked.table, of.column);
    conditions.push(`r.${quote(of.column)} = ${parameter(context, of.value, type)}`);
  }
  const orders = (order_by ?? []).flatMap((order) =>
    Object.entries(order).map(([column, way]) => `r.${quote(column)} ${way.replaceAll('_', ' ')}`),
  );
  const most = Math.min(limit ?? Infinity, access.limit ?? Infinity);
  const found = await sql.unsafe<Found>(
    `select row_to_json(r)::text as row from (select * from ${quoteTable(tracked.table)}) as r
    where ${conditions.join(' and ')} ${orders.length > 0 ? `order by ${orders.join(', ')}` : ''}
    limit ${Number.isFinite(most) ? most : 'all'} offset ${offset ?? 0}`,
    context.parameters,
  );
  return rowsIn(found);
}

/**
 * Changes rows that pass the filter, requires the check of each, and returns them (hasura/README.md, "Table permissions"). The
 * transaction tells Postgres the session (hasura/README.md, "Table changes").
 */
export async function updateRows(
  { sql, ...tables }: Database,
  session: HasuraSession,
  tracked: TrackedTable,
  { set, where }: { set: Row; where: BoolExp },
): Promise<Row[]> {
  const access = permissionOf(tables, tracked, { role: roleOf(session), kind: 'update' });
  const context: Context = { ...tables, session, parameters: [] };
  const assignments = Object.entries(set).map(([column, value]) => {
    const type = tables.catalogue.columnType(tracked.table, column);
    return `${quote(column)} = ${value === null ? 'null' : parameter(context, value, type)}`;
  });
  const conditions = conditionsOf(context, tables, tracked, [access.filter, where]);
  return sql.begin(async (tx) => {
    await tx`select set_config('hasura.user', ${JSON.stringify(session)}, true)`;
    const changed = await tx.unsafe<Found>(
      `with changed as (update ${quoteTable(tracked.table)} as r set ${assignments.join(', ')}
      where ${conditions.join(' and ')} returning *) select row_to_json(changed)::text as row from changed`,
      context.parameters,
    );
    const rows = rowsIn(changed);
    await requireCheck(tx, { ...tables, session, parameters: [] }, tracked, { check: access.check, rows });
    return rows;
  }) as Promise<Row[]>;
}

/** Every changed row must pass the check with its new values. */
export async function requireCheck(
  tx: postgres.TransactionSql,
  context: Context,
  tracked: TrackedTable,
  { check, rows }: { check: BoolExp; rows: readonly Row[] },
): Promise<void> {
  const changed = `json_populate_recordset(null::${quoteTable(tracked.table)}, ${parameter(context, printJson(rows), 'json')})`;
  const condition = compileFilter(context, tracked, 'r', check);
  const failing = await tx.unsafe(
    `select 1 from ${changed} as r where (${condition}) is not true`,
    context.parameters,
  );
  if (failing.length > 0) throw new Refused('check constraint of an insert/update permission has failed');
}
