import { sql } from 'drizzle-orm';
import { check, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, updatedAt } from './columns.ts';
import { portcullis } from './schemas.ts';
import { users } from './users.ts';

/** The phone number of a user, by which they may sign in. */
export const phones = portcullis.table(
  'phones',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** In the form of E.164: `+`, and up to 15 digits. */
    number: text().notNull(),
    verifiedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('phones_number_key').on(t.number),
    check('phones_number', sql`${t.number} ~ '^[+][1-9][0-9]{1,14}$'`),
  ],
);
