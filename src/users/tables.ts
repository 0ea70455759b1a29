import { sql } from 'drizzle-orm';
import { check, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, updatedAt } from '../db/columns.ts';
import { portcullis, portcullisPrivate } from '../db/schemas.ts';

export const users = portcullis.table(
  'users',
  {
    id: uuid().primaryKey(),
    email: text(),
    name: text(),
    emailVerifiedAt: instant(),
    disabledAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(t.email),
    check(
      'users_email_normalized',
      sql`${t.email} = btrim(${t.email}) and ${t.email} is nfc normalized and ${t.email} !~ '[A-Z]' and ${t.email} like '_%@_%'`,
    ),
    check('users_email_length', sql`char_length(${t.email}) <= 254`),
    // What else a name must be the trigger `users_require_name` says.
    check('users_name_length', sql`char_length(${t.name}) between 1 and 255`),
  ],
);

export const passwords = portcullisPrivate.table('passwords', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  hash: text().notNull(),
  updatedAt: updatedAt(),
});
