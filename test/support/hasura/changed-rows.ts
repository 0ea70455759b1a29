import type { ColumnCatalogue } from './catalogue.ts';
import { quote } from './filters.ts';
import type { TableName } from './metadata.ts';

/**
 * The primary key of a changed row, as text. Grants are by column, and a row's `ctid` cannot be granted (hasura/README.md,
 * "The database role").
 */
export type RowKey = readonly string[];
export type ChangedRow = { changed_row: RowKey };

type Table = { catalogue: ColumnCatalogue; table: TableName };

const keyColumns = ({ catalogue, table }: Table) =>
  catalogue.columns(table).filter(({ inPrimaryKey }) => inPrimaryKey);

/** What a changed row returns: every column, as the engine wants it, and its key. */
export function returningSql(of: Table, alias: string): string {
  const key = keyColumns(of).map(({ name }) => `${alias}.${quote(name)}::text`);
  return `returning *, json_build_array(${key.join(', ')}) as changed_row`;
}

/** The condition that a row is one of those with the given keys; `parameters` is appended to. */
export function isAmongSql(
  of: Table,
  alias: string,
  { rows, parameters }: { rows: readonly RowKey[]; parameters: string[] },
): string {
  const columns = keyColumns(of);
  const places = rows.map((row) => {
    const values = columns.map(({ type }, index) => {
      parameters.push(row[index] ?? '');
      return `($${parameters.length})::text::${type}`;
    });
    return `(${values.join(', ')})`;
  });
  return `(${columns.map(({ name }) => `${alias}.${quote(name)}`).join(', ')}) in (${places.join(', ')})`;
}
