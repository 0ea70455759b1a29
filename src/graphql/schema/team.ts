import type { membershipRoles } from '../../db/tables/teams.ts';
import { parseId } from '../../db/uuid.ts';
import { createTeam, deleteTeam, renameTeam } from '../../flows/teams/manage-team.ts';
import { type SwitchedTeam, switchTeam } from '../../flows/teams/switch-team.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import { findTeamsOfUser } from '../../teams/teams.ts';
import { builder } from '../builder.ts';
import { loadTogether } from '../together.ts';
import { requireAccountHolder, requireViewer } from '../viewer.ts';

export const MembershipRoleType = builder.enumType('MembershipRole', {
  description: 'What a member may do in their team.',
  values: {
    OWNER: {
      description: 'Everything: deleting the team, deciding who is owner or admin. A team always has one.',
    },
    ADMIN: {
      description:
        'Names the team, manages its projects, invites people to be MEMBER and removes those who are.',
    },
    MEMBER: { description: 'Takes part: sees the team, its projects and its members, and may leave.' },
  } satisfies Record<(typeof membershipRoles)[number], { description: string }>,
});

/** A team as one of its members sees it. Other files add what is in it. */
export const TeamType = builder.objectRef<TeamMembership>('Team');

TeamType.implement({
  description: 'People who work together, as one of them sees it.',
  fields: (t) => ({
    id: t.id({
      description: 'A UUID; `x-hasura-team-id` in team tokens.',
      resolve: ({ team }) => team.id,
    }),
    name: t.string({ description: 'What the team is called.', resolve: ({ team }) => team.name }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the team was made.',
      resolve: ({ team }) => team.createdAt,
    }),
    myRole: t.expose('role', {
      type: MembershipRoleType,
      description: 'What the member may do there who sees it.',
    }),
  }),
});

export const MembershipType = builder.objectRef<TeamMembership>('Membership');

MembershipType.implement({
  description: "A person's place in a team.",
  fields: (t) => ({
    team: t.field({ type: TeamType, description: 'The team.', resolve: (membership) => membership }),
    role: t.expose('role', { type: MembershipRoleType, description: 'What the member may do there.' }),
  }),
});

/** What an operation has deleted or ended. */
export const RemovedType = builder.objectRef<string>('Removed');

RemovedType.implement({
  description: 'What is gone.',
  fields: (t) => ({
    id: t.id({ description: 'Its id, as it was given.', resolve: (id) => id }),
  }),
});

builder.queryField('team', (t) =>
  t.field({
    type: TeamType,
    nullable: true,
    description:
      'One of my teams, or null for a team that I am not in, whether it exists or not; `me.memberships` lists them all. Codes: `unauthenticated`, `invalid`.',
    args: { id: t.arg.id({ required: true, description: 'Which team.' }) },
    resolve: async (_root, { id }, context) => {
      const { user } = await requireViewer(context.caller);
      // Hasura asks for the team of each row of a page, all in one request.
      const load = (teamIds: string[]) => findTeamsOfUser(context.deps.db, { userId: user.id, teamIds });
      return (await loadTogether(context, { kind: `team ${user.id}`, key: parseId(id, 'id') }, load)) ?? null;
    },
  }),
);

const CreateTeamInput = builder.inputType('CreateTeamInput', {
  description: 'The team to be.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'At most 255 characters; surrounding spaces go.' }),
  }),
});

builder.mutationField('createTeam', (t) =>
  t.field({
    type: MembershipType,
    description:
      'Makes a team whose OWNER I am. Codes: `unauthenticated`, `required`, `max_length`, `invalid`, `rate_limited`.',
    args: { input: t.arg({ type: CreateTeamInput, required: true, description: 'Its name.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      createTeam(deps, await requireViewer(caller), input),
  }),
);

const RenameTeamInput = builder.inputType('RenameTeamInput', {
  description: 'Which team, and how it is to be called.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'Which team.' }),
    name: t.string({ required: true, description: 'At most 255 characters; surrounding spaces go.' }),
  }),
});

builder.mutationField('renameTeam', (t) =>
  t.field({
    type: TeamType,
    description:
      'Gives a team another name; for OWNER and ADMIN. Codes: `unauthenticated`, `required`, `max_length`, `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: RenameTeamInput, required: true, description: 'Team and name.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      renameTeam(deps, await requireViewer(caller), input),
  }),
);

const DeleteTeamInput = builder.inputType('DeleteTeamInput', {
  description: 'Which team is to go.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'Which team.' }) }),
});

builder.mutationField('deleteTeam', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Deletes a team with its projects, memberships and invites, for good; for OWNER. Codes: `unauthenticated`, `invalid`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: DeleteTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      deleteTeam(deps, await requireViewer(caller), input),
  }),
);

const TeamTokenPayload = builder.objectRef<SwitchedTeam>('TeamTokenPayload');

TeamTokenPayload.implement({
  description: 'What a switch of the active team yields.',
  fields: (t) => ({
    teamToken: t.exposeString('teamToken', {
      description:
        'An access token with the team in its claims: `x-hasura-team-id` and `x-hasura-team-role`.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token ends.' }),
    membership: t.expose('membership', { type: MembershipType, description: 'My place in the team.' }),
  }),
});

const SwitchTeamInput = builder.inputType('SwitchTeamInput', {
  description: 'Which team is to be the active one.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'One of my teams.' }) }),
});

builder.mutationField('switchTeam', (t) =>
  t.field({
    type: TeamTokenPayload,
    description:
      'Makes a team the active one of this session: this team token and those of later refreshes are for it. Other sessions keep theirs. Codes: `unauthenticated`, `permission_denied` (for a team token), `invalid`, `rate_limited`, `not_found`, `no_signing_key`.',
    args: { input: t.arg({ type: SwitchTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      await requireAccountHolder(caller);
      return switchTeam(deps, await requireViewer(caller), input);
    },
  }),
);
