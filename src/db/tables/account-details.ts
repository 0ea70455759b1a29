import { sql } from 'drizzle-orm';
import { boolean, check, index, jsonb, text, uuid } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';
import { users } from './users.ts';

/** A JSON object that belongs to a user. */
export type Metadata = Record<string, unknown>;

/** Bytes of JSON that the metadata of a user may have. */
export const MAX_METADATA_BYTES = 16_384;

/**
 * What only the GoTrue dialect knows of an account. An account without a row has none of it. Hasura never reads this table: the user
 * writes `user_metadata`.
 */
export const accountDetails = portcullisPrivate.table(
  'account_details',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** What the user says of themselves. */
    userMetadata: jsonb().$type<Metadata>().notNull().default({}),
    /** What the operator says of the user. `provider` and `providers` are not stored here. */
    appMetadata: jsonb().$type<Metadata>().notNull().default({}),
    /** The claim `role` of the user's tokens, if it is not `authenticated`. Hasura does not read it. */
    role: text(),
    /** The way in which the account began: `email`, `phone` or the name of a provider; null if unknown, or for an anonymous user. */
    provider: text(),
    isAnonymous: boolean().notNull().default(false),
    invitedAt: instant(),
    confirmationSentAt: instant(),
    recoverySentAt: instant(),
    /** The address to which a pending change leads. */
    newEmail: text(),
    emailChangeSentAt: instant(),
    /** The number to which a pending change leads. */
    newPhone: text(),
    phoneChangeSentAt: instant(),
    reauthenticationSentAt: instant(),
    lastSignInAt: instant(),
    /** When a disabling ends by itself; null if it has no end. */
    bannedUntil: instant(),
    /** When an operator deleted the account but kept its row. */
    deletedAt: instant(),
  },
  (t) => [
    index('account_details_banned_until_idx').on(t.bannedUntil).where(sql`${t.bannedUntil} is not null`),
    check(
      'account_details_metadata',
      sql`jsonb_typeof(${t.userMetadata}) = 'object' and jsonb_typeof(${t.appMetadata}) = 'object'`,
    ),
    // A jsonb takes a little more space than its text, at most about twice.
    check(
      'account_details_metadata_size',
      sql`pg_column_size(${t.userMetadata}) <= 65536 and pg_column_size(${t.appMetadata}) <= 65536`,
    ),
    check('account_details_role_length', sql`char_length(${t.role}) between 1 and 255`),
    check('account_details_provider_length', sql`char_length(${t.provider}) between 1 and 255`),
    check('account_details_new_email_length', sql`char_length(${t.newEmail}) <= 254`),
    check('account_details_new_phone', sql`${t.newPhone} ~ '^[+][1-9][0-9]{1,14}$'`),
  ],
);
