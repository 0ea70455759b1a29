import { CasingCache } from 'drizzle-orm/casing';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';

export type TableName = { schema: string; name: string };

type ForeignKey = { column: string; references: TableName; referencedColumn: string };

/** A table as Hasura finds it in the database, with Postgres's names. */
export type TableShape = TableName & {
  columns: readonly string[];
  /** The Postgres type of each column. */
  types: Readonly<Record<string, string>>;
  foreignKeys: readonly ForeignKey[];
};

/** Reads a Drizzle table. Column names follow the casing that the migrations use. */
export function describeTable(table: PgTable): TableShape {
  const casing = new CasingCache('snake_case');
  const { schema, name, columns, foreignKeys } = getTableConfig(table);
  return {
    schema: schema ?? 'public',
    name,
    columns: columns.map((column) => casing.getColumnCasing(column)),
    types: Object.fromEntries(columns.map((column) => [casing.getColumnCasing(column), column.getSQLType()])),
    foreignKeys: foreignKeys.flatMap((key) => {
      const { columns: from, foreignColumns: to, foreignTable } = key.reference();
      const [column, referenced] = [from[0], to[0]];
      // A key of several columns makes no relationship.
      if (from.length !== 1 || column === undefined || referenced === undefined) return [];
      const target = getTableConfig(foreignTable as PgTable);
      return {
        column: casing.getColumnCasing(column),
        references: { schema: target.schema ?? 'public', name: target.name },
        referencedColumn: casing.getColumnCasing(referenced),
      };
    }),
  };
}

export const sameTable = (a: TableName, b: TableName) => a.schema === b.schema && a.name === b.name;
