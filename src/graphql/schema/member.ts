import { changeMemberRole, leaveTeam, removeMember } from '../../flows/teams/manage-member.ts';
import { listMembers, type Member } from '../../teams/members.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireViewer } from '../viewer.ts';
import { MembershipRoleType, RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const MemberType = builder.objectRef<Member>('Member');

MemberType.implement({
  description: 'A member of a team, as the current user sees them.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the user, a UUID.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the user. Null if they have none.',
    }),
    email: t.exposeString('email', {
      nullable: true,
      description:
        'The email address of the user. Null if the current user may not see it: a MEMBER sees only their own.',
    }),
    role: t.expose('role', { type: MembershipRoleType, description: 'The role of the user in the team.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'When the user joined the team.' }),
  }),
});

builder.objectField(TeamType, 'members', (t) =>
  t.field({
    type: [MemberType],
    description: paragraphs(
      'The members of the team, in the order of their ids.',
      'Error codes: `invalid` (`first`, `after`).',
    ),
    args: pageArgs,
    resolve: (team, args, context) => teamPage(context, team, args, listMembers),
  }),
);

const ChangeMemberRoleInput = builder.inputType('ChangeMemberRoleInput', {
  description: 'Input of `changeMemberRole`: the member and their new role.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of the team.' }),
    userId: t.id({ required: true, description: 'The id of the member, as `Member.id`.' }),
    role: t.field({ type: MembershipRoleType, required: true, description: 'The new role of the member.' }),
  }),
});

builder.mutationField('changeMemberRole', (t) =>
  t.field({
    type: MemberType,
    description: paragraphs(
      'Changes the role of a member of a team. For OWNER.',
      'The only OWNER of a team keeps that role: the answer is `sole_owner`. Make another member OWNER first.',
      'The gateway revokes the invites that the member may not send any more.',
      'Error codes: `unauthenticated`, `invalid` (`teamId`, `userId`), `rate_limited`, `not_found` (`teamId`, `userId`), `insufficient_permissions`, `sole_owner`.',
    ),
    args: {
      input: t.arg({
        type: ChangeMemberRoleInput,
        required: true,
        description: 'The member and their new role.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      changeMemberRole(deps, await requireViewer(caller), input),
  }),
);

const RemoveMemberInput = builder.inputType('RemoveMemberInput', {
  description: 'Input of `removeMember`: the member.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of the team.' }),
    userId: t.id({ required: true, description: 'The id of the member, as `Member.id`.' }),
  }),
});

builder.mutationField('removeMember', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Removes a member from a team.',
      'An OWNER may remove every member except the only OWNER. An ADMIN may remove a MEMBER.',
      'The member loses access to the team at once, even with a team token that has not expired. The gateway revokes the invites that they sent.',
      'Error codes: `unauthenticated`, `invalid` (`teamId`, `userId`), `not_found` (`teamId`, `userId`), `insufficient_permissions`, `sole_owner`.',
    ),
    args: {
      input: t.arg({ type: RemoveMemberInput, required: true, description: 'The team and the member.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      removeMember(deps, await requireViewer(caller), input),
  }),
);

const LeaveTeamInput = builder.inputType('LeaveTeamInput', {
  description: 'Input of `leaveTeam`: the team.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'The id of a team of the current user.' }) }),
});

builder.mutationField('leaveTeam', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Leaves a team: the current user is not a member any more. Returns the id of the team.',
      'The gateway revokes the invites that they sent. The only OWNER cannot leave: the answer is `sole_owner`. Make another member OWNER with `changeMemberRole` first, or call `deleteTeam`.',
      'Error codes: `unauthenticated`, `invalid` (`teamId`), `not_found` (`teamId`), `sole_owner`.',
    ),
    args: { input: t.arg({ type: LeaveTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      leaveTeam(deps, await requireViewer(caller), input),
  }),
);
