import { type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, check, foreignKey, index, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { FORBIDDEN_ROLES, ROLE_NAME } from '../../config/groups/roles.ts';
import { createdAt } from './columns.ts';
import { portcullis } from './schemas.ts';
import { memberships, teams } from './teams.ts';
import { ofUser } from './users.ts';

/** Checks that a token may hold a role. The configuration refuses the same names. */
const isRole = (role: AnyPgColumn): SQL =>
  sql`${role} ~ ${sql.raw(`'${ROLE_NAME.source}'`)} and lower(${role}) not in (${sql.raw(
    FORBIDDEN_ROLES.map((name) => `'${name}'`).join(', '),
  )})`;

/** The roles of Hasura that the operator gave to users. DEFAULT_ROLES are not stored. */
export const rolesOfUsers = portcullis.table(
  'user_roles',
  { userId: ofUser(), role: text().notNull(), createdAt: createdAt() },
  (t) => [
    primaryKey({ name: 'user_roles_pkey', columns: [t.userId, t.role] }),
    check('user_roles_role', isRole(t.role)),
  ],
);

/** The roles of Hasura that the operator gave to members of teams. They end with the membership. */
export const rolesOfMembers = portcullis.table(
  'membership_roles',
  {
    teamId: uuid()
      .notNull()
      .references(() => teams.id, { onDelete: 'cascade' }),
    userId: ofUser(),
    role: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'membership_roles_pkey', columns: [t.teamId, t.userId, t.role] }),
    foreignKey({
      name: 'membership_roles_membership_fkey',
      columns: [t.teamId, t.userId],
      foreignColumns: [memberships.teamId, memberships.userId],
    }).onDelete('cascade'),
    index('membership_roles_user_id_idx').on(t.userId),
    check('membership_roles_role', isRole(t.role)),
  ],
);
