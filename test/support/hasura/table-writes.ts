import { type Context, type HasuraSession, parameter, quote, quoteTable, Refused } from './filters.ts';
import type { BoolExp, TrackedTable } from './metadata-types.ts';
import type { Tables } from './table-access.ts';
import { conditionsOf, type Database, type Found, type Row, requireCheck, roleOf, rowsIn } from './tables.ts';

type InsertAccess = { columns: readonly string[]; check: BoolExp; set: Row };

/** What a role may insert. The stand-in does not play inserts of admin, and of roles that inherit. */
export function insertOf({ catalogue }: Tables, tracked: TrackedTable, role: string): InsertAccess | null {
  const given = tracked.insert_permissions?.find((entry) => entry.role === role)?.permission;
  if (given === undefined || given.backend_only === true) return null;
  const all = catalogue.columns(tracked.table).map(({ name }) => name);
  return { columns: given.columns === '*' ? all : given.columns, check: given.check, set: given.set ?? {} };
}

/** The rows that a role may delete, with the same limits. */
export const deleteOf = (tracked: TrackedTable, role: string): BoolExp | null =>
  tracked.delete_permissions?.find((entry) => entry.role === role)?.permission.filter ?? null;

/** The value of a preset: a constant, or the session variable that it names. */
function presetOf(session: HasuraSession, value: unknown): unknown {
  if (typeof value !== 'string' || !/^x-hasura-/i.test(value)) return value;
  const actual = session[value.toLowerCase()];
  if (actual === undefined) throw new Refused(`missing session variable: "${value.toLowerCase()}"`);
  return actual;
}

/** Tells Postgres the session, as the engine does in each transaction that changes rows. */
const tellSession = (session: HasuraSession) => JSON.stringify(session);

/** Inserts rows, requires the check of each, and returns them (hasura/README.md, "Table changes"). */
export async function insertRows(
  { sql, ...tables }: Database,
  session: HasuraSession,
  tracked: TrackedTable,
  objects: readonly Row[],
): Promise<Row[]> {
  const access = insertOf(tables, tracked, roleOf(session));
  if (access === null)
    throw new Refused(`${roleOf(session)} has no insert permission on ${tracked.table.name}`);
  const presets = Object.entries(access.set).map(([column, value]) => [column, presetOf(session, value)]);
  return sql.begin(async (tx) => {
    await tx`select set_config('hasura.user', ${tellSession(session)}, true)`;
    const rows: Row[] = [];
    for (const object of objects) {
      const context: Context = { ...tables, session, parameters: [] };
      const values = Object.entries({ ...object, ...Object.fromEntries(presets) }).map(([column, value]) => {
        const type = tables.catalogue.columnType(tracked.table, column);
        return [quote(column), value === null ? 'null' : parameter(context, value, type)];
      });
      const [columns, parameters] = [0, 1].map((part) => values.map((pair) => pair[part]).join(', '));
      const inserted = await tx.unsafe<Found>(
        `with inserted as (insert into ${quoteTable(tracked.table)} (${columns}) values (${parameters}) returning *)
        select row_to_json(inserted)::text as row from inserted`,
        context.parameters,
      );
      rows.push(...rowsIn(inserted));
    }
    await requireCheck(tx, { ...tables, session, parameters: [] }, tracked, { check: access.check, rows });
    return rows;
  }) as Promise<Row[]>;
}

/** Deletes the permitted rows that the client asks for, and returns them. */
export async function deleteRows(
  { sql, ...tables }: Database,
  session: HasuraSession,
  tracked: TrackedTable,
  where: BoolExp,
): Promise<Row[]> {
  const permitted = deleteOf(tracked, roleOf(session));
  if (permitted === null)
    throw new Refused(`${roleOf(session)} has no delete permission on ${tracked.table.name}`);
  const context: Context = { ...tables, session, parameters: [] };
  const conditions = conditionsOf(context, tables, tracked, [permitted, where]);
  return sql.begin(async (tx) => {
    await tx`select set_config('hasura.user', ${tellSession(session)}, true)`;
    const deleted = await tx.unsafe<Found>(
      `with deleted as (delete from ${quoteTable(tracked.table)} as r where ${conditions.join(' and ')} returning *)
      select row_to_json(deleted)::text as row from deleted`,
      context.parameters,
    );
    return rowsIn(deleted);
  }) as Promise<Row[]>;
}
