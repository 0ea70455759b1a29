import { sql } from 'drizzle-orm';
import { check, index, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant, isCanonicalEmail, updatedAt } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';
import { users } from './users.ts';

/** The roles of members, strongest first. They are data of the team, not Hasura roles. */
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
  (t) => [
    // The trigger `teams_require_name` checks the rest.
    check('teams_name_length', sql`char_length(${t.name}) between 1 and 255`),
  ],
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

export const projects = portcullis.table(
  'projects',
  {
    id: uuid().primaryKey(),
    teamId: uuid()
      .notNull()
      .references(() => teams.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('projects_team_id_idx').on(t.teamId),
    // The trigger `projects_require_name` checks the rest.
    check('projects_name_length', sql`char_length(${t.name}) between 1 and 255`),
  ],
);

/** The roles that an invite can give. Only an owner can make a member an owner. */
export const invitedRoles = ['ADMIN', 'MEMBER'] as const;
export type InvitedRole = (typeof invitedRoles)[number];

/** Invites to teams. A user who proves the address can accept one, which deletes it. */
export const invites = portcullis.table(
  'invites',
  {
    id: uuid().primaryKey(),
    teamId: uuid()
      .notNull()
      .references(() => teams.id, { onDelete: 'cascade' }),
    email: text().notNull(),
    role: text({ enum: invitedRoles }).notNull(),
    inviterId: uuid().references(() => users.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
  },
  (t) => [
    unique('invites_team_id_email_key').on(t.teamId, t.email),
    index('invites_email_idx').on(t.email),
    index('invites_inviter_id_idx').on(t.inviterId),
    check('invites_email_canonical', isCanonicalEmail(t.email)),
    check('invites_role', sql`${t.role} in ('ADMIN', 'MEMBER')`),
  ],
);

/** The users who accepted an invite, which makes accepting idempotent after the invite is deleted. */
export const acceptedInvites = portcullisPrivate.table(
  'accepted_invites',
  {
    inviteId: uuid().primaryKey(),
    teamId: uuid()
      .notNull()
      .references(() => teams.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
  },
  (t) => [
    index('accepted_invites_team_id_idx').on(t.teamId),
    index('accepted_invites_user_id_idx').on(t.userId),
  ],
);
