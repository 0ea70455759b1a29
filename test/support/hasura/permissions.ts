import { decodeJwt } from 'jose';
import type postgres from 'postgres';
import { readCatalogue } from './catalogue.ts';
import { findTracked, type HasuraSession, Refused } from './filters.ts';
import { openLogin } from './login.ts';
import { readTrackedTables } from './metadata.ts';
import type { BoolExp, TrackedTable } from './metadata-types.ts';
import { createNaming } from './naming.ts';
import { type Database, type Row, readRows, updateRows } from './tables.ts';

/** Evaluates the shipped table permissions on real rows, as the engine's own database role. */
export type Permissions = {
  /**
   * The rows that a role reads from a shipped table, with all readable columns or the named ones.
   * @throws Refused if the role lacks the permission, the table or a column
   */
  select(
    session: HasuraSession,
    table: string,
    query?: { columns?: readonly string[]; where?: BoolExp },
  ): Promise<Row[]>;
  /**
   * Changes rows of a shipped table and returns their number.
   * @throws Refused as above, and if a changed row does not pass the check of the permission
   */
  update(session: HasuraSession, table: string, change: { set: Row; where?: BoolExp }): Promise<number>;
  /** The engine's database login, which only its grants restrict. */
  asEngine: postgres.Sql;
  close(): Promise<void>;
};

/** The engine's session for a token (hasura/README.md, "JWT claims"). */
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

/** The columns that the role may read or change; an empty list without a permission. */
function permitted(session: HasuraSession, tracked: TrackedTable, kind: 'select' | 'update'): string[] {
  const entries = tracked[`${kind}_permissions`] ?? [];
  const columns = entries.find(({ role }) => role === session['x-hasura-role'])?.permission.columns ?? [];
  if (columns === '*') throw new Error('The shipped permissions name their columns.');
  return columns;
}

function requireColumns(asked: readonly string[], columns: readonly string[]): void {
  const refused = asked.filter((column) => !columns.includes(column));
  if (refused.length > 0) throw new Refused(`no such columns: ${refused.join(', ')}`);
}

/** Opens the permissions with a new database role. */
export async function openPermissions(databaseUrl: string): Promise<Permissions> {
  const { sql, close } = await openLogin(databaseUrl);
  const tables = await readTrackedTables();
  const catalogue = await readCatalogue(sql);
  const database: Database = { tables, catalogue, sql, naming: createNaming() };
  const tableOf = (name: string) => findTracked(tables, { schema: 'portcullis', name });
  return {
    async select(session, name, { columns, where = {} } = {}) {
      const tracked = tableOf(name);
      const readable = permitted(session, tracked, 'select');
      const asked = columns ?? readable;
      requireColumns([...asked, ...Object.keys(where)], readable);
      const rows = await readRows(database, session, tracked, { where });
      return rows.map((row) => Object.fromEntries(asked.map((column) => [column, row[column]])));
    },
    async update(session, name, { set, where = {} }) {
      const tracked = tableOf(name);
      requireColumns(Object.keys(set), permitted(session, tracked, 'update'));
      requireColumns(Object.keys(where), permitted(session, tracked, 'select'));
      return (await updateRows(database, session, tracked, { set, where })).length;
    },
    asEngine: sql,
    close,
  };
}
