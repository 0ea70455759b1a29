import { type FieldNode, getArgumentValues } from 'graphql';
import { fieldsOf } from './document.ts';
import { refusal } from './failure.ts';
import { Refused } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { type Tables, tableName } from './table-schema.ts';
import { updateRows } from './table-update.ts';
import { selectRows, type TableRequest } from './tables.ts';

const equals = (values: object): BoolExp =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { _eq: value }]));

export type TableField = { tracked: TrackedTable; kind: 'select' | 'by_pk' | 'update' | 'update_by_pk' };

/** The table behind a root field, and what is done with it. */
export function tableField({ tables }: Tables, name: string): TableField | null {
  for (const tracked of tables) {
    const own = tableName(tracked);
    if (name === own) return { tracked, kind: 'select' };
    if (name === `${own}_by_pk`) return { tracked, kind: 'by_pk' };
    if (name === `update_${own}`) return { tracked, kind: 'update' };
    if (name === `update_${own}_by_pk`) return { tracked, kind: 'update_by_pk' };
  }
  return null;
}

/** Executes a root field on the database as the engine's own role. */
export async function runTableField(
  request: TableRequest,
  { tracked, kind }: TableField,
  field: FieldNode,
): Promise<unknown> {
  const definition = request.rootType.getFields()[field.name.value];
  if (definition === undefined) throw new Error('A root field is missing from a document that was valid.');
  const args = getArgumentValues(definition, field, request.coerced);
  try {
    if (kind === 'select') return await selectRows(request, tracked, { fields: fieldsOf(field), args });
    if (kind === 'by_pk') {
      const found = await selectRows(request, tracked, {
        fields: fieldsOf(field),
        args: { where: equals(args) },
      });
      return found[0] ?? null;
    }
    const { pk_columns: key, where, _set: set = {} } = args as UpdateArguments;
    const change = {
      set,
      where: key === undefined ? (where ?? {}) : equals(key),
      field,
      single: kind === 'update_by_pk',
    };
    return await updateRows(request, tracked, change);
  } catch (error) {
    throw toFailure(error);
  }
}
type UpdateArguments = { pk_columns?: object; where?: BoolExp; _set?: Record<string, unknown> };

/** The engine's words for what the permissions or Postgres refuse. */
function toFailure(error: unknown): unknown {
  if (error instanceof Refused) {
    const code = error.message.startsWith('missing session variable') ? 'not-found' : 'permission-error';
    return refusal(code, error.message);
  }
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return error;
  const state = String(error.code);
  if (state.startsWith('22')) return refusal('data-exception', error.message);
  if (state === '23514') return refusal('permission-error', `Check constraint violation. ${error.message}`);
  return refusal('unexpected', 'database query error');
}
