import { findRelationship, findTracked, type HasuraSession } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata.ts';
import { tableName } from './table-access.ts';
import { toFailure } from './table-errors.ts';
import { type Database, type Query, type Row, readRows, updateRows } from './tables.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Call = { database: Database; session: HasuraSession; args: Arguments };

const equals = (values: object): BoolExp =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [column, { _eq: value }]));

/** The operations on a table by root field, where `%` is the table (hasura/README.md, "Table queries" and "Table changes"). */
const FIELDS: Readonly<Record<string, (call: Call, tracked: TrackedTable) => Promise<unknown>>> = {
  '%': ({ database, session, args }, tracked) => readRows(database, session, tracked, args as Query),
  '%_by_pk': async ({ database, session, args }, tracked) =>
    (await readRows(database, session, tracked, { where: equals(args) }))[0] ?? null,
  'update_%': async ({ database, session, args }, tracked) => {
    const change = { set: args._set as Row, where: args.where as BoolExp };
    const returning = await updateRows(database, session, tracked, change);
    return { affected_rows: returning.length, returning };
  },
  'update_%_by_pk': async ({ database, session, args }, tracked) => {
    const change = { set: args._set as Row, where: equals(args.pk_columns as object) };
    return (await updateRows(database, session, tracked, change))[0] ?? null;
  },
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
    for (const [shape, run] of Object.entries(FIELDS))
      if (name === shape.replace('%', tableName(tracked))) return orFailure(run(call, tracked));
  throw new Error(`${name} is not played.`);
}

/** A field of a row: a column, or the related row or rows of a relationship. */
export function readField(
  { database, session, args }: Call,
  { tracked, row, name }: { tracked: TrackedTable; row: Row; name: string },
): unknown {
  const hop = findRelationship(database, tracked, name);
  if (hop === null) return row[name];
  const isList = tracked.array_relationships?.some((relationship) => relationship.name === name) === true;
  const value = row[hop.from];
  if (value === null) return isList ? [] : null;
  const query = { ...(args as Query), of: { column: hop.to, value } };
  const rows = readRows(database, session, findTracked(database.tables, hop.target), query);
  return orFailure<unknown>(isList ? rows : rows.then(([found]) => found ?? null));
}

/** The related row of an action's output (hasura/README.md, "Actions"). */
export const readRelated = (
  { database, session }: Omit<Call, 'args'>,
  tracked: TrackedTable,
  of: NonNullable<Query['of']>,
): Promise<Row | null> =>
  orFailure(readRows(database, session, tracked, { of }).then(([row]) => row ?? null));
