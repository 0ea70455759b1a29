import { findRelationship, findTracked, type HasuraSession } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata-types.ts';
import { ROOT_KINDS, type RootKind } from './naming.ts';
import { namesIn } from './table-access.ts';
import { toFailure } from './table-errors.ts';
import { deleteRows, insertRows } from './table-writes.ts';
import { type Database, type Query, type Row, readRows, updateRows } from './tables.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Call = { database: Database; session: HasuraSession; args: Arguments };

const equals = (values: object): BoolExp =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { _eq: value }]));

/** A client's query, in the names of the database (hasura/README.md, "Customized names"). */
function queryOf({ naming, ...tables }: Database, tracked: TrackedTable, args: Arguments): Query {
  const { where, limit, offset, [naming.argument('order_by')]: orders } = args as Query & Arguments;
  const names = namesIn(tables, tracked);
  return {
    ...{ limit: limit ?? null, offset: offset ?? null },
    where: where == null ? null : whereOf({ naming, ...tables }, tracked, where),
    order_by: ((orders ?? []) as Record<string, string>[]).map((order) =>
      renamed(order, (field) => naming.nameOf(tracked, field, names)),
    ),
  };
}

const renamed = <Value>(values: Readonly<Record<string, Value>>, name: (key: string) => string) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), value]));

/** The columns behind the fields of an input. */
const columnsIn = ({ naming, ...tables }: Database, tracked: TrackedTable, values: unknown): Row =>
  renamed(values as Row, (field) => naming.nameOf(tracked, field, namesIn(tables, tracked)));

/** A client's condition, in the names of the database. */
function whereOf(database: Database, tracked: TrackedTable, where: BoolExp): BoolExp {
  const names = namesIn(database, tracked);
  const entries = Object.entries(where).map(([key, value]): [string, unknown] => {
    if (key === '_and' || key === '_or')
      return [key, (value as BoolExp[]).map((inner) => whereOf(database, tracked, inner))];
    if (key === '_not') return [key, whereOf(database, tracked, value as BoolExp)];
    const name = database.naming.nameOf(tracked, key, names);
    const hop = findRelationship(database, tracked, name);
    if (hop === null) return [name, value];
    return [name, whereOf(database, findTracked(database.tables, hop.target), value as BoolExp)];
  });
  return Object.fromEntries(entries);
}

type Run = (call: Call, tracked: TrackedTable) => Promise<unknown>;

/** The operations on a table by root field (hasura/README.md, "Table queries" and "Table changes"). */
const FIELDS: Readonly<Partial<Record<RootKind, Run>>> = {
  select: ({ database, session, args }, tracked) =>
    readRows(database, session, tracked, queryOf(database, tracked, args)),
  select_by_pk: async ({ database, session, args }, tracked) =>
    (await readRows(database, session, tracked, { where: equals(columnsIn(database, tracked, args)) }))[0] ??
    null,
  update: async ({ database, session, args }, tracked) => {
    const where = whereOf(database, tracked, args.where as BoolExp);
    const returning = await updateRows(database, session, tracked, {
      ...{ set: columnsIn(database, tracked, args._set), where },
    });
    return responseOf({ database, session, args }, returning);
  },
  update_by_pk: async ({ database, session, args }, tracked) => {
    const keys = args[database.naming.argument('pk_columns')];
    const where = equals(columnsIn(database, tracked, keys));
    const change = { set: columnsIn(database, tracked, args._set), where };
    return (await updateRows(database, session, tracked, change))[0] ?? null;
  },
};

/** Rows of a mutation, as GraphQL shows them. */
const responseOf = ({ database }: Call, returning: readonly Row[]) => ({
  [database.naming.argument('affected_rows')]: returning.length,
  returning,
});

const insert = ({ database, session }: Call, tracked: TrackedTable, objects: readonly unknown[]) =>
  insertRows(
    database,
    session,
    tracked,
    objects.map((object) => columnsIn(database, tracked, object)),
  );

/** The operations that add and remove rows. */
const WRITES: typeof FIELDS = {
  insert: async (call, tracked) =>
    responseOf(call, await insert(call, tracked, call.args.objects as unknown[])),
  insert_one: async (call, tracked) => (await insert(call, tracked, [call.args.object]))[0],
  delete: async (call, tracked) => {
    const where = whereOf(call.database, tracked, call.args.where as BoolExp);
    return responseOf(call, await deleteRows(call.database, call.session, tracked, where));
  },
  delete_by_pk: async ({ database, session, args }, tracked) =>
    (await deleteRows(database, session, tracked, equals(columnsIn(database, tracked, args))))[0] ?? null,
};

async function orFailure<Result>(run: Promise<Result>): Promise<Result> {
  try {
    return await run;
  } catch (error) {
    throw toFailure(error);
  }
}

/** Executes a root field of the tables. */
export function runTableField(call: Call, name: string): Promise<unknown> {
  for (const tracked of call.database.tables)
    for (const kind of ROOT_KINDS) {
      const run = FIELDS[kind] ?? WRITES[kind];
      if (run !== undefined && call.database.naming.root(tracked, kind) === name)
        return orFailure(run(call, tracked));
    }
  throw new Error(`${name} is not played.`);
}

/** A field of a row: a column, or the related row or rows of a relationship. */
export function readField(
  { database, session, args }: Call,
  { tracked, row, field }: { tracked: TrackedTable; row: Row; field: string },
): unknown {
  const name = database.naming.nameOf(tracked, field, namesIn(database, tracked));
  const hop = findRelationship(database, tracked, name);
  if (hop === null) return row[name];
  const isList = tracked.array_relationships?.some((relationship) => relationship.name === name) === true;
  const value = row[hop.from];
  if (value === null) return isList ? [] : null;
  const target = findTracked(database.tables, hop.target);
  const query = { ...queryOf(database, target, args), of: { column: hop.to, value } };
  const rows = readRows(database, session, target, query);
  return orFailure<unknown>(isList ? rows : rows.then(([found]) => found ?? null));
}

/** The rows behind an action's output (hasura/README.md, "Actions"). */
export const readRelated = (
  { database, session }: Omit<Call, 'args'>,
  tracked: TrackedTable,
  of: NonNullable<Query['of']>,
): Promise<Row[]> => orFailure(readRows(database, session, tracked, { of }));
