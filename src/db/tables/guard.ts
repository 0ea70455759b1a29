import { sql } from 'drizzle-orm';
import { customType, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { portcullisGuard, portcullisPrivate } from './schemas.ts';

/** The id of a transaction. */
const transaction = customType<{ data: string }>({ dataType: () => 'xid8' });
const thisTransaction = () => transaction().notNull().default(sql`pg_current_xact_id()`);

/** The users and teams that a guarded statement may change. A row lives only as long as the statement. */
export const permittedChanges = portcullisPrivate.table(
  'permitted_changes',
  {
    transaction: thisTransaction(),
    subject: uuid().notNull(),
  },
  (t) => [primaryKey({ name: 'permitted_changes_pkey', columns: [t.transaction, t.subject] })],
);

/** A guarded statement writes rows here to see whether a trigger wrote something in between. It deletes them again. */
export const guardedRounds = portcullisGuard.table('rounds', { transaction: thisTransaction() });

/** The grants that `hasura:role` gave to Hasura's database role, so that it revokes no others. */
export const hasuraGrants = portcullisPrivate.table(
  'hasura_grants',
  {
    role: text().notNull(),
    privilege: text().notNull(),
    relation: text().notNull(),
    column: text().notNull(),
  },
  (t) => [primaryKey({ name: 'hasura_grants_pkey', columns: [t.role, t.privilege, t.relation, t.column] })],
);
