import { sql } from 'drizzle-orm';
import { check, index, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, updatedAt } from '../db/columns.ts';
import { portcullis } from '../db/schemas.ts';
import { users } from '../users/tables.ts';

/** A membership's role, strongest first. Data of the team; never a Hasura role. */
export const membershipRoles = ['OWNER', 'ADMIN', 'MEMBER'] as const;
export type MembershipRole = (typeof membershipRoles)[number];

export const teams = portcullis.table(
  'teams',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [check('teams_name_length', sql`char_length(${t.name}) <= 255 and btrim(${t.name}) <> ''`)],
);

export const memberships = portcullis.table(
  'memberships',
  {
    teamId: uuid()
      .notNull()
      .references(() => teams.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text({ enum: membershipRoles }).notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'memberships_pkey', columns: [t.teamId, t.userId] }),
    index('memberships_user_id_idx').on(t.userId),
    check('memberships_role', sql`${t.role} in ('OWNER', 'ADMIN', 'MEMBER')`),
  ],
);
