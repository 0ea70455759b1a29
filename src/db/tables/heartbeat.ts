import { sql } from 'drizzle-orm';
import { check, smallint } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/** One row. `/ready` writes it to check that the database takes writes. */
export const heartbeat = portcullisPrivate.table(
  'heartbeat',
  {
    id: smallint().primaryKey(),
    beatenAt: instant().notNull(),
  },
  (t) => [check('heartbeat_one_row', sql`${t.id} = 1`)],
);
