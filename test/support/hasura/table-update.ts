// Updates. Not played: presets of columns, and a role that changes what it cannot read.
import type { FieldNode } from 'graphql';
import type postgres from 'postgres';
import { type ChangedRow, isAmongSql, type RowKey, returningSql } from './changed-rows.ts';
import { fieldsOf, keyOf } from './document.ts';
import { compileFilter, quote, quoteTable, textOf } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { requireCheck, tellSession } from './permissions.ts';
import { accessOf, tableName } from './table-access.ts';
import { UPDATE_OPERATORS } from './table-argument-rules.ts';
import {
  clientCondition,
  openScope,
  parameter,
  roleOf,
  rowJson,
  type Scope,
  type TableRequest,
} from './tables.ts';

type Operator = (typeof UPDATE_OPERATORS)[number];
/** What is changed: by operator, the value for each column. */
export type Change = Partial<Record<Operator, Record<string, unknown> | null>>;
type Update = { change: Change; where: BoolExp; field: FieldNode; single: boolean };

/**
 * Rows that pass the filter are changed, held against the check, and returned (hasura/README.md, "Table permissions" and
 * "Table changes"). A change of nothing is not even asked for.
 */
export async function updateRows(
  request: TableRequest,
  tracked: TrackedTable,
  { change, where, field, single }: Update,
): Promise<unknown> {
  const scope = openScope(request);
  const access = accessOf(scope, tracked, roleOf(scope)).update;
  if (access === null) throw new Error(`The role may not change ${tracked.table.name}.`);
  const assignments = assignmentsSql(scope, tracked, change);
  if (assignments.length === 0)
    return single ? {} : response(field, tracked, { affected: 0, rows: () => [] });
  const place = { tracked, alias: 'r' };
  const permitted = compileFilter(scope, tracked, 'r', access.filter);
  const statement = `update ${quoteTable(tracked.table)} as r set ${assignments.join(', ')}
    where ${permitted} and ${clientCondition(scope, place, where)} ${returningSql({ ...scope, ...tracked }, 'r')}`;
  return inTransaction(request, async (tx) => {
    const changed = await tx.unsafe<ChangedRow[]>(statement, scope.parameters);
    const rows = changed.map((row) => row.changed_row);
    const { tables, catalogue } = request.tables;
    const engine = { tables, catalogue, sql: request.sql, tx };
    await requireCheck(engine, scope.session, tracked, { check: access.check, rows });
    const read = (fields: readonly FieldNode[]) => readChanged(request, tx, { tracked, rows, fields });
    if (single) return (await read(fieldsOf(field)))[0] ?? null;
    return response(field, tracked, { affected: rows.length, rows: (inner) => read(fieldsOf(inner)) });
  });
}

/** One transaction for whatever is changed in it, in which the session is known; what fails takes all of it back. */
export const inTransaction = <Result>(
  { sql, tx, session }: Pick<TableRequest, 'sql' | 'tx' | 'session'>,
  run: (tx: postgres.TransactionSql) => Promise<Result>,
): Promise<Result> =>
  tx === undefined
    ? (sql.begin(async (begun) => {
        await tellSession(begun, session);
        return run(begun);
      }) as Promise<Result>)
    : run(tx);

type Changed = { affected: number; rows(field: FieldNode): unknown };

/** A `…_mutation_response`. */
export async function response(
  field: FieldNode,
  tracked: TrackedTable,
  { affected, rows }: Changed,
): Promise<Record<string, unknown>> {
  const answer: Record<string, unknown> = {};
  for (const inner of fieldsOf(field)) {
    const name = inner.name.value;
    if (name === 'affected_rows') answer[keyOf(inner)] = affected;
    else if (name === 'returning') answer[keyOf(inner)] = await rows(inner);
    else answer[keyOf(inner)] = `${tableName(tracked)}_mutation_response`;
  }
  return answer;
}

const SQL: Readonly<Record<Operator, (column: string, value: string) => string>> = {
  _set: (_column, value) => value,
  _append: (column, value) => `${column} || ${value}`,
  _prepend: (column, value) => `${value} || ${column}`,
  _delete_key: (column, value) => `${column} - ${value}`,
  _delete_elem: (column, value) => `${column} - ${value}`,
  _delete_at_path: (column, value) => `${column} #- ${value}`,
};
const TYPES: Partial<Record<Operator, string>> = {
  ...{ _delete_key: 'text', _delete_elem: 'integer', _delete_at_path: 'text[]' },
};

function assignmentsSql(scope: Scope, tracked: TrackedTable, change: Change): string[] {
  return UPDATE_OPERATORS.flatMap((operator) =>
    Object.entries(change[operator] ?? {}).map(([column, value]) => {
      const type = TYPES[operator] ?? scope.catalogue.columnType(tracked.table, column);
      const given = value === null ? `null::${type}` : valueSql(scope, value, type);
      return `${quote(column)} = ${SQL[operator](`r.${quote(column)}`, given)}`;
    }),
  );
}

export function valueSql(scope: Scope, value: unknown, type: string): string {
  if (type !== 'text[]') return parameter(scope, textOf(value, type), type);
  return `array[${(value as string[]).map((item) => parameter(scope, item, 'text')).join(', ')}]::text[]`;
}

async function readChanged(
  request: TableRequest,
  tx: postgres.TransactionSql,
  { tracked, rows, fields }: { tracked: TrackedTable; rows: readonly RowKey[]; fields: readonly FieldNode[] },
): Promise<unknown[]> {
  if (rows.length === 0) return [];
  const scope = openScope(request);
  const json = rowJson(scope, { tracked, alias: 'r' }, fields);
  const changed = isAmongSql({ ...scope, ...tracked }, 'r', { rows, parameters: scope.parameters });
  const found = await tx.unsafe<{ row: unknown }[]>(
    `select ${json} as row from ${quoteTable(tracked.table)} as r where ${changed}`,
    scope.parameters,
  );
  return found.map(({ row }) => row);
}
