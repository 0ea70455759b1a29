import { type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, check, index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, hasNameLength, instant, isCanonicalEmail, updatedAt } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';

export const users = portcullis.table(
  'users',
  {
    id: uuid().primaryKey(),
    email: text(),
    /**
     * Only for accounts of version 0.1 whose `email` could not be made canonical. It holds the canonical form, which another
     * account has, or the empty text if `email` has no canonical form. A trigger keeps it null for all other accounts.
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
    // For the operator's search by the beginning, in any collation of the database.
    index('users_email_prefix_idx').using('btree', t.email.op('text_pattern_ops')),
    index('users_name_prefix_idx').using('btree', sql`lower(${t.name}) text_pattern_ops`),
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

/** Whether a hash is not of the kind that the gateway makes today (src/crypto/passwords/argon2.ts). */
export const isForeignHash = (hash: AnyPgColumn): SQL =>
  sql`${hash} not like '$argon2id$v=19$m=19456,t=2,p=1$%'`;

export const passwords = portcullisPrivate.table(
  'passwords',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text().notNull(),
    updatedAt: updatedAt(),
    /** When the holder of the mailbox confirmed it: they gave it, or set it, with a mailed token. */
    provenAt: instant(),
    /** When it was suspended: the mailbox was proven without it, so that a stranger may have chosen it. */
    suspendedAt: instant(),
  },
  (t) => [
    check('passwords_proven_or_suspended', sql`${t.provenAt} is null or ${t.suspendedAt} is null`),
    // The passwords that other systems hashed, until their next login.
    index('passwords_foreign_idx').on(t.userId).where(isForeignHash(t.hash)),
  ],
);
