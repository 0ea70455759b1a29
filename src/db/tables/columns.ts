import { type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, customType, timestamp } from 'drizzle-orm/pg-core';

/** Declares a `timestamptz` in milliseconds, the precision of a JavaScript Date. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 });

export const createdAt = () => instant().notNull().defaultNow();
export const updatedAt = () => instant().notNull().defaultNow();

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/**
 * Returns SQL that tells whether an address may have the canonical form of mail/email-address.ts: a local part without spaces
 * or a second `@`, and a domain of ASCII labels that does not end in a number. SQL cannot decode A-labels. Separate conditions
 * check the lengths: counts inside the pattern make it twenty times as slow.
 */
export const isCanonicalEmail = (email: AnyPgColumn): SQL =>
  sql`${email} ~ '^[^@[:space:][:cntrl:]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and ${email} !~ '[.@][0-9]+$' and char_length(split_part(${email}, '@', 1)) <= 64 and char_length(split_part(${email}, '@', 2)) <= 253 and split_part(${email}, '@', 2) !~ '[^.]{64}'`;
