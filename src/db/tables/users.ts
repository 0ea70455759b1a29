import { sql } from 'drizzle-orm';
import { check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, hasNameLength, instant, isCanonicalEmail, updatedAt } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';

export const users = portcullis.table(
  'users',
  {
    id: uuid().primaryKey(),
    email: text(),
    /**
     * Only for accounts from before addresses were canonical, whose `email` could not be changed: its canonical form, which
     * another account has, or the empty text if it has none. Null for all others; a trigger keeps it so.
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
    // Not valid until no account has a `canonicalEmail`.
    check('users_email_canonical', sql`${t.canonicalEmail} is not null or (${isCanonicalEmail(t.email)})`),
    check('users_email_length', sql`char_length(${t.email}) <= 254`),
    check('users_name_length', hasNameLength(t.name)),
  ],
);

/** The account that a row belongs to, and is deleted with. */
export const ofUser = () =>
  uuid()
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' });

export const passwords = portcullisPrivate.table(
  'passwords',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text().notNull(),
    updatedAt: updatedAt(),
    /** Since when the holder of the mailbox stands behind it: they showed it, or set it, with a token that was mailed. */
    provenAt: instant(),
    /** Since when it signs nobody in: the mailbox was proven without it, so that a stranger may have chosen it. */
    suspendedAt: instant(),
  },
  (t) => [check('passwords_proven_or_suspended', sql`${t.provenAt} is null or ${t.suspendedAt} is null`)],
);
