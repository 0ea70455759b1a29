import { parseId } from '../../db/uuid.ts';
import { createTeam, deleteTeam, renameTeam } from '../../flows/teams/manage-team.ts';
import { type SwitchedTeam, switchTeam } from '../../flows/teams/switch-team.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import type { MembershipRole } from '../../teams/roles.ts';
import { findTeamsOfUser } from '../../teams/teams.ts';
import { loadInBatch } from '../batches.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireAccountHolder, requireViewer } from '../viewer.ts';

export const MembershipRoleType = builder.enumType('MembershipRole', {
  description: 'The role of a member in a team.',
  values: {
    OWNER: {
      description:
        'May do everything in the team. Only an OWNER changes roles and deletes the team. A team always has an OWNER.',
    },
    ADMIN: {
      description:
        'May rename the team, manage its projects, invite people as MEMBER, and remove a MEMBER. Sees all email addresses.',
    },
    MEMBER: { description: 'May see the team, its projects and its members, and may leave the team.' },
  } satisfies Record<MembershipRole, { description: string }>,
});

/** A team as one of its members sees it. Other files add its members, invites and projects. */
export const TeamType = builder.objectRef<TeamMembership>('Team');

TeamType.implement({
  description: 'A team, as the current user sees it.',
  fields: (t) => ({
    id: t.id({
      description: 'The id of the team, a UUID. A team token carries it as `x-hasura-team-id`.',
      resolve: ({ team }) => team.id,
    }),
    name: t.string({ description: 'The name of the team.', resolve: ({ team }) => team.name }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the team was created.',
      resolve: ({ team }) => team.createdAt,
    }),
    myRole: t.expose('role', {
      type: MembershipRoleType,
      description: 'The role of the current user in the team.',
    }),
  }),
});

export const MembershipType = builder.objectRef<TeamMembership>('Membership');

MembershipType.implement({
  description: 'The membership of a user in a team.',
  fields: (t) => ({
    team: t.field({ type: TeamType, description: 'The team.', resolve: (membership) => membership }),
    role: t.expose('role', { type: MembershipRoleType, description: 'The role of the user in the team.' }),
  }),
});

/** The id of what a mutation deleted or ended. */
export const RemovedType = builder.objectRef<string>('Removed');

RemovedType.implement({
  description: 'The answer of a mutation that deletes, revokes, removes or leaves something.',
  fields: (t) => ({
    id: t.id({
      description:
        'The id of the deleted team, project or invite, of the removed member, or of the team that was left.',
      resolve: (id) => id,
    }),
  }),
});

builder.queryField('team', (t) =>
  t.field({
    type: TeamType,
    nullable: true,
    description: paragraphs(
      'A team of the current user, by its id. Null if the current user is not a member of it, or if it does not exist.',
      '`me.memberships` lists all teams of the current user.',
      'Error codes: `unauthenticated`, `invalid` (`id`).',
    ),
    args: { id: t.arg.id({ required: true, description: 'The id of the team.' }) },
    resolve: async (_root, { id }, context) => {
      const { user } = await requireViewer(context.caller);
      // In one request, Hasura asks for the team of each row of a page.
      const load = (teamIds: string[]) => findTeamsOfUser(context.deps.db, { userId: user.id, teamIds });
      return (await loadInBatch(context, { kind: `team ${user.id}`, key: parseId(id, 'id') }, load)) ?? null;
    },
  }),
);

const CreateTeamInput = builder.inputType('CreateTeamInput', {
  description: 'Input of `createTeam`: the name of the team.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'The name: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
  }),
});

builder.mutationField('createTeam', (t) =>
  t.field({
    type: MembershipType,
    description: paragraphs(
      'Creates a team, with the current user as its OWNER.',
      'Call `switchTeam` next, for a team token of this team.',
      'Error codes: `unauthenticated`, `required` (`name`), `max_length` (`name`), `invalid` (`name`), `rate_limited`.',
    ),
    args: { input: t.arg({ type: CreateTeamInput, required: true, description: 'The name of the team.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      createTeam(deps, await requireViewer(caller), input),
  }),
);

const RenameTeamInput = builder.inputType('RenameTeamInput', {
  description: 'Input of `renameTeam`: the team and its new name.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of the team.' }),
    name: t.string({
      required: true,
      description: 'The new name: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
  }),
});

builder.mutationField('renameTeam', (t) =>
  t.field({
    type: TeamType,
    description: paragraphs(
      'Renames a team. For OWNER and ADMIN.',
      'Error codes: `unauthenticated`, `required` (`name`), `max_length` (`name`), `invalid` (`teamId`, `name`), `rate_limited`, `not_found` (`teamId`), `insufficient_permissions`.',
    ),
    args: {
      input: t.arg({ type: RenameTeamInput, required: true, description: 'The team and its new name.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      renameTeam(deps, await requireViewer(caller), input),
  }),
);

const DeleteTeamInput = builder.inputType('DeleteTeamInput', {
  description: 'Input of `deleteTeam`: the team.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'The id of the team.' }) }),
});

builder.mutationField('deleteTeam', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Deletes a team permanently, with its projects, memberships and invites. For OWNER.',
      'Error codes: `unauthenticated`, `invalid` (`teamId`), `not_found` (`teamId`), `insufficient_permissions`, `refused_by_application`.',
    ),
    args: { input: t.arg({ type: DeleteTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      deleteTeam(deps, await requireViewer(caller), input),
  }),
);

const TeamTokenPayload = builder.objectRef<SwitchedTeam>('TeamTokenPayload');

TeamTokenPayload.implement({
  description: 'The answer of `switchTeam`: a team token.',
  fields: (t) => ({
    teamToken: t.exposeString('teamToken', {
      description:
        'A team token: an access token that carries the team as `x-hasura-team-id`, and the role as `x-hasura-team-role`.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the team token expires.' }),
    membership: t.expose('membership', {
      type: MembershipType,
      description: 'The membership of the current user in the team.',
    }),
  }),
});

const SwitchTeamInput = builder.inputType('SwitchTeamInput', {
  description: 'Input of `switchTeam`: the team that becomes the active one.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'The id of a team of the current user.' }) }),
});

builder.mutationField('switchTeam', (t) =>
  t.field({
    type: TeamTokenPayload,
    description: paragraphs(
      'Switches the active team of the current session, and returns a team token for it.',
      'Send an access token, not a team token. Later calls of `refresh` return team tokens for this team too. The refresh token stays the same. Other sessions keep their active team.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `invalid` (`teamId`), `rate_limited`, `not_found` (`teamId`), `no_signing_key`, `claims_failed`.',
    ),
    args: { input: t.arg({ type: SwitchTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      await requireAccountHolder(caller);
      return switchTeam(deps, await requireViewer(caller), input);
    },
  }),
);
