import { sql } from 'drizzle-orm';
import { check, index, inet, jsonb, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { portcullis } from './schemas.ts';

/**
 * What happened to accounts, for an operator to read. Rows outlive the users and sessions that they name, so those columns are
 * not foreign keys. `details` never contains an address, a token or a password.
 */
export const securityEvents = portcullis.table(
  'security_events',
  {
    id: uuid().primaryKey(),
    createdAt: createdAt(),
    action: text().notNull(),
    outcome: text({ enum: ['success', 'failure'] }).notNull(),
    userId: uuid(),
    sessionId: uuid(),
    teamId: uuid(),
    address: inet(),
    userAgent: text(),
    details: jsonb().$type<Record<string, string | number | boolean | null>>().notNull().default({}),
  },
  (t) => [
    index('security_events_created_at_idx').on(t.createdAt),
    index('security_events_user_id_idx').on(t.userId, t.createdAt),
    check('security_events_outcome', sql`${t.outcome} in ('success', 'failure')`),
  ],
);
