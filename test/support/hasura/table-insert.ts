// Inserts and deletes, which admin alone sees. The database login has no such grants, so that Postgres refuses each of them:
// one that went through is not played, and neither are inserts through relationships.
import type { FieldNode } from 'graphql';
import { compileFilter, quote, quoteTable } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { inTransaction, response, valueSql } from './table-update.ts';
import { clientCondition, openScope, type Scope, type TableRequest } from './tables.ts';

type Row = Record<string, unknown>;
type Conflict = { constraint: string; update_columns: string[]; where?: BoolExp | null };

/**
 * Tries; never returns but for no rows at all, which the engine does not ask Postgres for: the database role has no grant for it
 * (hasura/README.md, "Table changes").
 */
export async function insertRows(
  request: TableRequest,
  tracked: TrackedTable,
  { objects, conflict, field }: { objects: readonly Row[]; conflict: Conflict | null; field: FieldNode },
): Promise<unknown> {
  if (objects.length === 0) return response(field, tracked, { affected: 0, rows: () => [] });
  const scope = openScope(request);
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const types = columns.map((column) => scope.catalogue.columnType(tracked.table, column));
  const rows = objects.map((object) => {
    const values = columns.map((column, index) => {
      const value = object[column];
      if (value === undefined) return 'default';
      return value === null ? 'null' : valueSql(scope, value, types[index] ?? '');
    });
    return `(${values.join(', ')})`;
  });
  const target = `insert into ${quoteTable(tracked.table)} as r`;
  const values =
    columns.length === 0 ? 'default values' : `(${columns.map(quote).join(', ')}) values ${rows.join(', ')}`;
  return attempt(request, scope, `${target} ${values} ${conflictSql(scope, tracked, conflict)}`);
}

function conflictSql(scope: Scope, tracked: TrackedTable, conflict: Conflict | null): string {
  if (conflict === null) return '';
  const on = `on conflict on constraint ${quote(conflict.constraint)}`;
  if (conflict.update_columns.length === 0) return `${on} do nothing`;
  const set = conflict.update_columns.map((column) => `${quote(column)} = excluded.${quote(column)}`);
  const where = clientCondition(scope, { tracked, alias: 'r' }, conflict.where ?? {});
  return `${on} do update set ${set.join(', ')} where ${where}`;
}

/** Tries; never returns. */
export async function deleteRows(
  request: TableRequest,
  tracked: TrackedTable,
  where: BoolExp,
): Promise<unknown> {
  const scope = openScope(request);
  const condition = clientCondition(scope, { tracked, alias: 'r' }, where);
  const permitted = compileFilter(scope, tracked, 'r', {});
  return attempt(
    request,
    scope,
    `delete from ${quoteTable(tracked.table)} as r where ${permitted} and ${condition}`,
  );
}

function attempt(request: TableRequest, { parameters }: Scope, statement: string): Promise<never> {
  return inTransaction(request, async (tx) => {
    await tx.unsafe(statement, parameters);
    throw new Error(`The database let it happen, which is not played: ${statement}`);
  });
}
