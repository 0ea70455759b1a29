import { sql } from 'drizzle-orm';
import { check, index, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { portcullis } from './schemas.ts';
import { ofUser } from './users.ts';

/**
 * Accounts at other providers by which a user may sign in. A provider knows a person by its subject, which never changes. The
 * address is what the provider said at the time: it identifies no one.
 */
export const identities = portcullis.table(
  'identities',
  {
    id: uuid().primaryKey(),
    userId: ofUser(),
    /** The name of the provider: `google`, `github`, … */
    provider: text().notNull(),
    /** The OIDC issuer if the provider has several, one for each of its customers; otherwise empty. */
    issuer: text().notNull().default(''),
    subject: text().notNull(),
    email: text(),
    createdAt: createdAt(),
  },
  (t) => [
    unique('identities_provider_issuer_subject_key').on(t.provider, t.issuer, t.subject),
    index('identities_user_id_idx').on(t.userId),
    check('identities_provider_length', sql`char_length(${t.provider}) between 1 and 255`),
    check('identities_issuer_length', sql`char_length(${t.issuer}) <= 255`),
    check('identities_subject_length', sql`char_length(${t.subject}) between 1 and 255`),
    check('identities_email_length', sql`char_length(${t.email}) <= 254`),
  ],
);
