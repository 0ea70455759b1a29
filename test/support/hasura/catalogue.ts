import type postgres from 'postgres';
import type { TableName } from './metadata-types.ts';

export type Column = { name: string; type: string; nullable: boolean; inPrimaryKey: boolean };

/**
 * What the engine learns from the database by introspection: the columns' types and the foreign keys (hasura/README.md,
 * "Tables").
 */
export type Catalogue = {
  columns(table: TableName): readonly Column[];
  columnType(table: TableName, column: string): string;
  /** The target of the foreign key on this column. */
  foreignKey(table: TableName, column: string): TableName & { column: string };
};

type ColumnRow = TableName & { column: string; type: string; nullable: boolean; inPrimaryKey: boolean };
type KeyRow = {
  schema: string;
  name: string;
  column: string;
  toSchema: string;
  toName: string;
  toColumn: string;
};

const keyOf = ({ schema, name }: TableName, column: string): string => `${schema}.${name}.${column}`;

function known<Value>(values: Map<string, Value>, key: string, what: string): Value {
  const value = values.get(key);
  if (value === undefined) throw new Error(`The database has no ${what} ${key}.`);
  return value;
}

export async function readCatalogue(sql: postgres.Sql): Promise<Catalogue> {
  const columns = await sql<ColumnRow[]>`
    select c.relnamespace::regnamespace::text as schema, c.relname as name, a.attname as column,
      format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
      exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey))
        as "inPrimaryKey"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      and c.relnamespace::regnamespace::text not like 'pg!_toast%' escape '!'
    order by c.oid, a.attnum`;
  const keys = await sql<KeyRow[]>`
    select c.relnamespace::regnamespace::text as schema, c.relname as name, a.attname as column,
      t.relnamespace::regnamespace::text as "toSchema", t.relname as "toName", ta.attname as "toColumn"
    from pg_constraint k
      join pg_class c on c.oid = k.conrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
      join pg_class t on t.oid = k.confrelid join pg_attribute ta on ta.attrelid = t.oid and ta.attnum = k.confkey[1]
    where k.contype = 'f' and cardinality(k.conkey) = 1`;
  const types = new Map(columns.map((row) => [keyOf(row, row.column), row.type]));
  const targets = new Map(
    keys.map((row) => [
      keyOf(row, row.column),
      { schema: row.toSchema, name: row.toName, column: row.toColumn },
    ]),
  );
  return {
    columns: ({ schema, name }) =>
      columns
        .filter((row) => row.schema === schema && row.name === name)
        .map(({ column, ...row }) => ({ ...row, name: column })),
    columnType: (table, column) => known(types, keyOf(table, column), 'column'),
    foreignKey: (table, column) => known(targets, keyOf(table, column), 'foreign key on'),
  };
}
