import { sql } from 'drizzle-orm';

/**
 * The database's clock. `now()` would be the start of the transaction: a transaction that waited for a lock would be dated
 * before the other one.
 */
export const CLOCK = sql`clock_timestamp()`;
