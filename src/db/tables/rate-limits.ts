import { index, integer, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/** One counter per limited subject, kept until its window ends. `key` contains no plain address. */
export const rateLimits = portcullisPrivate.table(
  'rate_limits',
  {
    key: text().primaryKey(),
    count: integer().notNull(),
    resetsAt: instant().notNull(),
  },
  (t) => [index('rate_limits_resets_at_idx').on(t.resetsAt)],
);
