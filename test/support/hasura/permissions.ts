import { decodeJwt } from 'jose';
import type postgres from 'postgres';
import { type ColumnCatalogue, readCatalogue } from './catalogue.ts';
import { type ChangedRow, isAmongSql, type RowKey, returningSql } from './changed-rows.ts';
import {
  compileFilter,
  everyColumnOf,
  findTracked,
  type HasuraSession,
  quote,
  quoteTable,
  Refused,
} from './filters.ts';
import { openLogin } from './login.ts';
import { type BoolExp, readTrackedTables, type TrackedTable } from './metadata.ts';

type Row = Record<string, unknown>;

/** Evaluates the shipped table permissions on real rows, as the engine's own database role. */
export type Permissions = {
  /**
   * What a role reads of a table of ours; every column it may read unless some are named.
   * @throws Refused where the role has no such permission, table or column
   */
  select(
    session: HasuraSession,
    table: string,
    query?: { columns?: readonly string[]; where?: BoolExp },
  ): Promise<Row[]>;
  /**
   * Changes rows of a table of ours; returns how many.
   * @throws Refused as above, and where a changed row would not pass the permission's check
   */
  update(session: HasuraSession, table: string, change: { set: Row; where?: BoolExp }): Promise<number>;
  /** The engine's own login, past all permissions: what its grants alone allow. */
  asEngine: postgres.Sql;
  close(): Promise<void>;
};

/** The session that the engine makes of a token (hasura/README.md, "JWT claims"). */
export function sessionOf(token: string): HasuraSession {
  const claims = decodeJwt(token)['https://hasura.io/jwt/claims'] as Record<string, string | string[]>;
  const {
    'x-hasura-default-role': role,
    'x-hasura-allowed-roles': allowed,
    ...variables
  } = claims as {
    'x-hasura-default-role': string;
    'x-hasura-allowed-roles': string[];
  } & Record<string, string>;
  if (!allowed.includes(role)) throw new Error('The default role is not an allowed one.');
  return { ...(variables as Record<string, string>), 'x-hasura-role': role };
}

export type Engine = { tables: readonly TrackedTable[]; catalogue: ColumnCatalogue; sql: postgres.Sql };
type Query<Permission> = { tracked: TrackedTable; permission: Permission; role: string };

/** A table without a permission for the role is none that the role knows of (hasura/README.md, "Tables"). */
function granted<Permission>(
  { tables }: Engine,
  session: HasuraSession,
  name: string,
  pick: (tracked: TrackedTable) => { role: string; permission: Permission }[] | undefined,
): Query<Permission> {
  const role = session['x-hasura-role'] ?? '';
  const tracked = findTracked(tables, { schema: 'portcullis', name });
  const permission = pick(tracked)?.find((entry) => entry.role === role)?.permission;
  if (permission === undefined) throw new Refused(`${role} has no such permission on ${name}`);
  return { tracked, permission, role };
}

function requireColumns(asked: readonly string[], permitted: readonly string[]): void {
  const refused = asked.filter((column) => !permitted.includes(column));
  if (refused.length > 0) throw new Refused(`no such columns: ${refused.join(', ')}`);
}

async function select(
  engine: Engine,
  session: HasuraSession,
  name: string,
  { columns, where = {} }: { columns?: readonly string[]; where?: BoolExp } = {},
): Promise<Row[]> {
  const { tracked, permission } = granted(engine, session, name, (table) => table.select_permissions);
  const asked = columns ?? permission.columns;
  requireColumns([...asked, ...Object.keys(where)], permission.columns);
  const parameters: string[] = [];
  const context = { ...engine, session, parameters };
  const conditions = [permission.filter, where].map((filter) => compileFilter(context, tracked, 'r', filter));
  return [
    ...(await engine.sql.unsafe<Row[]>(
      `select ${asked.map((column) => `r.${quote(column)}`).join(', ')} from ${everyColumnOf(tracked.table)} as r
      where ${conditions.join(' and ')} limit ${permission.limit ?? 'all'}`,
      parameters,
    )),
  ];
}

async function update(
  engine: Engine,
  session: HasuraSession,
  name: string,
  { set, where = {} }: { set: Row; where?: BoolExp },
): Promise<number> {
  const { tracked, permission } = granted(engine, session, name, (table) => table.update_permissions);
  requireColumns(Object.keys(set), permission.columns);
  const selectable = tracked.select_permissions?.find(({ role }) => role === session['x-hasura-role']);
  requireColumns(Object.keys(where), selectable?.permission.columns ?? []);
  const parameters: string[] = [];
  const context = { ...engine, session, parameters };
  const assignments = Object.entries({ ...set, ...permission.set }).map(([column, value]) => {
    parameters.push(String(value));
    return `${quote(column)} = ($${parameters.length})::${engine.catalogue.columnType(tracked.table, column)}`;
  });
  const conditions = [permission.filter, where].map((filter) => compileFilter(context, tracked, 'r', filter));
  return await engine.sql.begin(async (tx) => {
    await tellSession(tx, session);
    const changed = await tx.unsafe<ChangedRow[]>(
      `update ${quoteTable(tracked.table)} as r set ${assignments.join(', ')}
      where ${conditions.join(' and ')} ${returningSql({ ...engine, ...tracked }, 'r')}`,
      parameters,
    );
    await requireCheck({ ...engine, tx }, session, tracked, {
      check: permission.check ?? {},
      rows: changed.map((row) => row.changed_row),
    });
    return changed.length;
  });
}

/** Tells Postgres for whom a transaction changes something (hasura/README.md, "Table changes"). */
export const tellSession = async (tx: postgres.TransactionSql, session: HasuraSession): Promise<void> => {
  await tx`select set_config('hasura.user', ${JSON.stringify(session)}, true)`;
};

/** Every changed row is held against the check as it is then (hasura/README.md, "Table permissions"). */
export async function requireCheck(
  { tx, ...engine }: Engine & { tx: postgres.TransactionSql },
  session: HasuraSession,
  tracked: TrackedTable,
  { check, rows }: { check: BoolExp; rows: readonly RowKey[] },
): Promise<void> {
  if (rows.length === 0) return;
  const parameters: string[] = [];
  const condition = compileFilter({ ...engine, session, parameters }, tracked, 'r', check);
  const changed = isAmongSql({ ...engine, ...tracked }, 'r', { rows, parameters });
  const failing = await tx.unsafe(
    `select 1 from ${quoteTable(tracked.table)} as r
    where ${changed} and (${condition}) is not true`,
    parameters,
  );
  if (failing.length > 0) throw new Refused('check constraint of an insert/update permission has failed');
}

/** Evaluates with a database role of its own. */
export async function openPermissions(databaseUrl: string): Promise<Permissions> {
  const { sql, close } = await openLogin(databaseUrl);
  const engine: Engine = { tables: await readTrackedTables(), catalogue: await readCatalogue(sql), sql };
  return {
    select: (...args) => select(engine, ...args),
    update: (...args) => update(engine, ...args),
    asEngine: sql,
    close,
  };
}
