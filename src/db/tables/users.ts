import { sql } from 'drizzle-orm';
import { check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, isCanonicalEmail, updatedAt } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';

export const users = portcullis.table(
  'users',
  {
    id: uuid().primaryKey(),
    email: text(),
    /**
     * Only for accounts of version 0.1 whose `email` could not be made canonical. It holds the canonical form, which another
     * account has, or the empty text if `email` has none. A trigger keeps it null for all other accounts.
     */
    canonicalEmail: text(),
    name: text(),
    emailVerifiedAt: instant(),
    disabledAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(t.email),
    index('users_canonical_email_idx').on(t.canonicalEmail).where(sql`${t.canonicalEmail} is not null`),
    check(
      'users_email_normalized',
      sql`${t.email} = btrim(${t.email}) and ${t.email} is nfc normalized and ${t.email} !~ '[A-Z]' and ${t.email} like '_%@_%'`,
    ),
    // Not validated while an account has a `canonicalEmail`.
    check('users_email_canonical', sql`${t.canonicalEmail} is not null or (${isCanonicalEmail(t.email)})`),
    check('users_email_length', sql`char_length(${t.email}) <= 254`),
    // The trigger `users_require_name` checks the rest.
    check('users_name_length', sql`char_length(${t.name}) between 1 and 255`),
  ],
);

export const passwords = portcullisPrivate.table(
  'passwords',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text().notNull(),
    updatedAt: updatedAt(),
    /** When the owner of the mailbox proved the password: they entered or set it together with a mailed token. */
    provenAt: instant(),
    /** When the password was suspended: the owner proved the mailbox without it, so a stranger may have chosen it. */
    suspendedAt: instant(),
  },
  (t) => [check('passwords_proven_or_suspended', sql`${t.provenAt} is null or ${t.suspendedAt} is null`)],
);
