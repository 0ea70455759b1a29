import { text } from 'drizzle-orm/pg-core';
import { updatedAt } from './columns.ts';
import { portcullis } from './schemas.ts';

/** The contract addresses that were found last: `key` is the ENS name, `value` the checksummed address. */
export const cache = portcullis.table('cache', {
  key: text().primaryKey(),
  value: text().notNull(),
  updatedAt: updatedAt(),
});
