import { type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, customType, timestamp } from 'drizzle-orm/pg-core';

/** `timestamptz` in milliseconds, which is what a JavaScript Date holds. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date', precision: 3 });

export const createdAt = () => instant().notNull().defaultNow();
export const updatedAt = () => instant().notNull().defaultNow();

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Checks the length of a name. The trigger `<table>_require_name` checks the rest of the rule. */
export const hasNameLength = (name: AnyPgColumn): SQL => sql`char_length(${name}) between 1 and 255`;

/**
 * Checks whether an address has the form that mail/email-address.ts makes, as far as SQL can: a local part without spaces or a
 * second `@`, and a domain of ASCII labels that does not end in a number. SQL cannot decode A-labels. Lengths are checked
 * separately, because counting inside the pattern makes it twenty times as slow.
 */
export const isCanonicalEmail = (email: AnyPgColumn): SQL =>
  sql`${email} ~ '^[^@[:space:][:cntrl:]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and ${email} !~ '[.@][0-9]+$' and char_length(split_part(${email}, '@', 1)) <= 64 and char_length(split_part(${email}, '@', 2)) <= 253 and split_part(${email}, '@', 2) !~ '[^.]{64}'`;
