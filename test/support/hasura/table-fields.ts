import type { FieldNode } from 'graphql';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { type Tables, tableName } from './table-access.ts';
import { type Arguments, readArguments } from './table-arguments.ts';
import { toFailure } from './table-errors.ts';
import { deleteRows, insertRows } from './table-insert.ts';
import { type Change, inTransaction, updateRows } from './table-update.ts';
import { selectAggregate, selectRows, type TableRequest } from './tables.ts';

const equals = (values: object): BoolExp =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { _eq: value }]));

type Run = (
  request: TableRequest,
  tracked: TrackedTable,
  call: { field: FieldNode; args: Arguments },
) => Promise<unknown>;

const first = ([row]: readonly unknown[]): unknown => row ?? null;
const conflictOf = ({ on_conflict: conflict }: Arguments) => (conflict ?? null) as never;

/** What is done with a table, by what the root field adds to its name (hasura/README.md, "Table queries" and "Table changes"). */
const FIELDS: Readonly<Record<string, Run>> = {
  '%': (request, tracked, { field, args }) => selectRows(request, tracked, { field, args, isList: true }),
  '%_by_pk': async (request, tracked, { field, args }) =>
    first(await selectRows(request, tracked, { field, args: { where: equals(args) }, isList: false })),
  '%_aggregate': selectAggregate,
  'update_%': (request, tracked, { field, args: { where, ...change } }) =>
    updateRows(request, tracked, { change: change as Change, where: where as BoolExp, field, single: false }),
  'update_%_by_pk': (request, tracked, { field, args: { pk_columns: key, ...change } }) => {
    const where = equals(key as object);
    return updateRows(request, tracked, { change: change as Change, where, field, single: true });
  },
  'update_%_many': updateMany,
  'insert_%': (request, tracked, { field, args }) => {
    const objects = args.objects as Record<string, unknown>[];
    return insertRows(request, tracked, { objects, conflict: conflictOf(args), field });
  },
  'insert_%_one': (request, tracked, { field, args }) => {
    const objects = [args.object as Record<string, unknown>];
    return insertRows(request, tracked, { objects, conflict: conflictOf(args), field });
  },
  'delete_%': (request, tracked, { args }) => deleteRows(request, tracked, args.where as BoolExp),
  'delete_%_by_pk': (request, tracked, { args }) => deleteRows(request, tracked, equals(args)),
};

/** In the order given, each with a response of its own. */
async function updateMany(
  request: TableRequest,
  tracked: TrackedTable,
  { field, args }: { field: FieldNode; args: Arguments },
): Promise<unknown> {
  return inTransaction(request, async (tx) => {
    const responses: unknown[] = [];
    for (const { where, ...change } of args.updates as Arguments[]) {
      const update = { change: change as Change, where: where as BoolExp, field, single: false };
      responses.push(await updateRows({ ...request, tx }, tracked, update));
    }
    return responses;
  });
}

export type TableField = { tracked: TrackedTable; kind: string };

/** The table behind a root field, and what is done with it. */
export function tableField({ tables }: Tables, name: string): TableField | null {
  for (const tracked of tables) {
    const kind = Object.keys(FIELDS).find((shape) => name === shape.replace('%', tableName(tracked)));
    if (kind !== undefined) return { tracked, kind };
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
  const run = FIELDS[kind];
  if (definition === undefined || run === undefined)
    throw new Error('A root field is missing from a document that was valid.');
  const path = `$.selectionSet.${field.name.value}`;
  const args = readArguments(request.scope, definition, { field, path });
  try {
    return await run(request, tracked, { field, args });
  } catch (error) {
    throw toFailure(error);
  }
}
