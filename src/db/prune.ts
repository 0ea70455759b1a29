import { inArray, type SQL } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Database } from './client.ts';

/** Rows that one statement deletes at most: a long backlog must not hold its locks for long. */
const BATCH = 10_000;

export type OldRows = {
  table: PgTable;
  /** The column that identifies a row. */
  key: PgColumn;
  /** Which rows are old. */
  where: SQL;
  /** How many batches one call deletes at most: 1 by default. */
  batches?: number;
};

/** Deletes old rows in batches. Rows that are locked stay for the next time. */
export async function deleteOldRows(
  db: Database,
  { table, key, where, batches = 1 }: OldRows,
): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    const old = db.select({ key }).from(table).where(where).limit(BATCH).for('update', { skipLocked: true });
    const { count } = await db.delete(table).where(inArray(key, old));
    if (count < BATCH) return;
  }
}
