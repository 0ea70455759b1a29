import { changeMemberRole, leaveTeam, removeMember } from '../../flows/teams/manage-member.ts';
import { listMembers, type Member } from '../../teams/members.ts';
import { builder } from '../builder.ts';
import { requireViewer } from '../viewer.ts';
import { MembershipRoleType, RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const MemberType = builder.objectRef<Member>('Member');

MemberType.implement({
  description: 'A member of a team, as another one sees them.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The person's id, a UUID." }),
    name: t.exposeString('name', { nullable: true, description: 'What the person wants to be called.' }),
    email: t.exposeString('email', {
      nullable: true,
      description:
        "The person's address, for OWNER and ADMIN, and everybody's own for themselves; else null.",
    }),
    role: t.expose('role', { type: MembershipRoleType, description: 'What the person may do in the team.' }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', description: 'When the person became a member.' }),
  }),
});

builder.objectField(TeamType, 'members', (t) =>
  t.field({
    type: [MemberType],
    description: 'The people in the team, by id. Code: `invalid`.',
    args: pageArgs,
    resolve: (team, args, context) => teamPage(context, team, args, listMembers),
  }),
);

const ChangeMemberRoleInput = builder.inputType('ChangeMemberRoleInput', {
  description: 'Who is to be what.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'In which team.' }),
    userId: t.id({ required: true, description: 'Which member.' }),
    role: t.field({ type: MembershipRoleType, required: true, description: 'The role to be.' }),
  }),
});

builder.mutationField('changeMemberRole', (t) =>
  t.field({
    type: MemberType,
    description:
      'Gives a member another role; for OWNER alone. The only owner cannot be made anything else. Invites that the member may not make any more are withdrawn. Codes: `unauthenticated`, `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`, `sole_owner`.',
    args: { input: t.arg({ type: ChangeMemberRoleInput, required: true, description: 'Who and what.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      changeMemberRole(deps, await requireViewer(caller), input),
  }),
);

const RemoveMemberInput = builder.inputType('RemoveMemberInput', {
  description: 'Who is to go.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'From which team.' }),
    userId: t.id({ required: true, description: 'Which member.' }),
  }),
});

builder.mutationField('removeMember', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Removes somebody from a team: an OWNER anybody but the only owner, an ADMIN whoever is MEMBER. They lose sight of it at once, whatever their tokens say, and the invites that they made are withdrawn. Codes: `unauthenticated`, `invalid`, `not_found`, `insufficient_permissions`, `sole_owner`.',
    args: { input: t.arg({ type: RemoveMemberInput, required: true, description: 'Who, from where.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      removeMember(deps, await requireViewer(caller), input),
  }),
);

const LeaveTeamInput = builder.inputType('LeaveTeamInput', {
  description: 'Which team to leave.',
  fields: (t) => ({ teamId: t.id({ required: true, description: 'One of my teams.' }) }),
});

builder.mutationField('leaveTeam', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Ends my place in a team. The only owner cannot leave: they make somebody else owner first, or delete the team. Codes: `unauthenticated`, `invalid`, `not_found`, `sole_owner`.',
    args: { input: t.arg({ type: LeaveTeamInput, required: true, description: 'The team.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      leaveTeam(deps, await requireViewer(caller), input),
  }),
);
