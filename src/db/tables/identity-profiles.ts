import { sql } from 'drizzle-orm';
import { boolean, check, jsonb, uuid } from 'drizzle-orm/pg-core';
import { instant, updatedAt } from './columns.ts';
import { identities } from './identities.ts';
import { portcullisPrivate } from './schemas.ts';

/** What a provider last said about the person of an identity. An imported identity has no profile until its first sign-in. */
export const identityProfiles = portcullisPrivate.table(
  'identity_profiles',
  {
    identityId: uuid()
      .primaryKey()
      .references(() => identities.id, { onDelete: 'cascade' }),
    /** The claims that clients of the GoTrue dialect see. */
    data: jsonb().$type<Record<string, unknown>>().notNull(),
    /** Whether the provider stands for the address of the identity. */
    emailVerified: boolean().notNull(),
    /** When the holder of the account's mailbox stood behind the link; null if a stranger may have linked it. */
    provenAt: instant(),
    lastSignInAt: instant(),
    updatedAt: updatedAt(),
  },
  (t) => [
    check(
      'identity_profiles_data',
      sql`jsonb_typeof(${t.data}) = 'object' and pg_column_size(${t.data}) <= 65536`,
    ),
  ],
);
