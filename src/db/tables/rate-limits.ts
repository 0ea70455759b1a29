import { index, integer, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/** One counter per limit and subject, until its window ends. `key` is hashed, so it shows no address. */
export const rateLimits = portcullisPrivate.table(
  'rate_limits',
  {
    key: text().primaryKey(),
    count: integer().notNull(),
    resetsAt: instant().notNull(),
  },
  (t) => [index('rate_limits_resets_at_idx').on(t.resetsAt)],
);
