import { sql } from 'drizzle-orm';
import type { Queryable } from './client.ts';

/**
 * The database's clock. `now()` would be the start of the transaction: a transaction that waited for a lock would be dated
 * before the other one.
 */
export const CLOCK = sql`clock_timestamp()`;

/** Reads the time that rows of this transaction get by default. */
export async function readTransactionTime(tx: Queryable): Promise<Date> {
  const [row] = await tx.execute<{ at: string }>(sql`select now() as at`);
  if (row === undefined) throw new Error('Postgres did not tell the time.');
  return new Date(row.at);
}
