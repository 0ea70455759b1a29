import { sql } from 'drizzle-orm';
import { check, index, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, hasNameLength, instant, isCanonicalEmail, updatedAt } from './columns.ts';
import { portcullis, portcullisPrivate } from './schemas.ts';
import { ofUser, users } from './users.ts';

/** The role of a member, strongest first. It is data of the team, and never a role of Hasura. */
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
  (t) => [check('teams_name_length', hasNameLength(t.name))],
);

/** The team that a row belongs to, and is deleted with. */
const ofTeam = () =>
  uuid()
    .notNull()
    .references(() => teams.id, { onDelete: 'cascade' });

export const memberships = portcullis.table(
  'memberships',
  {
    teamId: ofTeam(),
    userId: ofUser(),
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
    teamId: ofTeam(),
    name: text().notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [index('projects_team_id_idx').on(t.teamId), check('projects_name_length', hasNameLength(t.name))],
);

/** The roles that an invite can give. Only an owner makes an owner, of a member. */
export const invitedRoles = ['ADMIN', 'MEMBER'] as const;
export type InvitedRole = (typeof invitedRoles)[number];

/** An offer to join, for the person who proves the address. It is deleted when it is accepted. */
export const invites = portcullis.table(
  'invites',
  {
    id: uuid().primaryKey(),
    teamId: ofTeam(),
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

/** Who accepted an invite that was deleted, so that the same person may repeat the acceptance. */
export const acceptedInvites = portcullisPrivate.table(
  'accepted_invites',
  {
    inviteId: uuid().primaryKey(),
    teamId: ofTeam(),
    userId: ofUser(),
    createdAt: createdAt(),
  },
  (t) => [
    index('accepted_invites_team_id_idx').on(t.teamId),
    index('accepted_invites_user_id_idx').on(t.userId),
  ],
);
