import type { FieldNode } from 'graphql';
import type postgres from 'postgres';
import { fieldsOf, keyOf } from './document.ts';
import { refusal } from './failure.ts';
import { compileFilter, quote, quoteTable } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { requireCheck } from './permissions.ts';
import { accessOf, tableName } from './table-schema.ts';
import { clientCondition, openScope, parameter, roleOf, rowJson, type TableRequest } from './tables.ts';

/** Rows that pass the filter are changed, held against the check, and returned (hasura/README.md, "Table permissions"). */
export async function updateRows(
  request: TableRequest,
  tracked: TrackedTable,
  change: { set: Record<string, unknown>; where: BoolExp; field: FieldNode; single: boolean },
): Promise<unknown> {
  const scope = openScope(request);
  const access = accessOf(scope, tracked, roleOf(scope)).update;
  if (access === null) throw new Error(`The role may not change ${tracked.table.name}.`);
  const assignments = Object.entries({ ...change.set, ...access.set }).map(([column, value]) => {
    const type = scope.catalogue.columnType(tracked.table, column);
    return `${quote(column)} = ${value === null ? 'null' : parameter(scope, String(value), type)}`;
  });
  if (assignments.length === 0) throw refusal('bad-request', 'at least one of _set is expected');
  const place = { tracked, alias: 'r' };
  const permitted = compileFilter(scope, tracked, 'r', access.filter);
  const statement = `update ${quoteTable(tracked.table)} as r set ${assignments.join(', ')}
    where ${permitted} and ${clientCondition(scope, place, change.where)} returning r.ctid::text`;
  return request.sql.begin(async (tx) => {
    const changed = await tx.unsafe<{ ctid: string }[]>(statement, scope.parameters);
    const rows = changed.map(({ ctid }) => ctid);
    const { tables, catalogue } = request.tables;
    const engine = { tables, catalogue, sql: request.sql, tx };
    await requireCheck(engine, scope.session, tracked, { check: access.check, rows });
    const read = (fields: readonly FieldNode[]) => readChanged(request, tx, { tracked, rows, fields });
    if (change.single) return (await read(fieldsOf(change.field)))[0] ?? null;
    const answer: Record<string, unknown> = {};
    for (const field of fieldsOf(change.field)) {
      const name = field.name.value;
      if (name === 'affected_rows') answer[keyOf(field)] = rows.length;
      else if (name === 'returning') answer[keyOf(field)] = await read(fieldsOf(field));
      else answer[keyOf(field)] = `${tableName(tracked)}_mutation_response`;
    }
    return answer;
  });
}

async function readChanged(
  request: TableRequest,
  tx: postgres.TransactionSql,
  { tracked, rows, fields }: { tracked: TrackedTable; rows: readonly string[]; fields: readonly FieldNode[] },
): Promise<unknown[]> {
  if (rows.length === 0) return [];
  const scope = openScope(request);
  const json = rowJson(scope, { tracked, alias: 'r' }, fields);
  const places = rows.map((row) => parameter(scope, row, 'text::tid'));
  const found = await tx.unsafe<{ row: unknown }[]>(
    `select ${json} as row from ${quoteTable(tracked.table)} as r where r.ctid in (${places.join(', ')})`,
    scope.parameters,
  );
  return found.map(({ row }) => row);
}
