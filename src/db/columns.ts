import { customType, timestamp } from 'drizzle-orm/pg-core';

/** `timestamptz` in milliseconds, which is what a JavaScript Date holds. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 });

export const createdAt = () => instant().notNull().defaultNow();
export const updatedAt = () => instant().notNull().defaultNow();

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
