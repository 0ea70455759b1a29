import { builder } from '../graphql/builder.ts';
import type { membershipRoles } from './tables.ts';
import type { Team, TeamMembership } from './teams.ts';

const TeamType = builder.objectRef<Team>('Team');

TeamType.implement({
  description: 'People who work together.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID; `x-hasura-team-id` in team tokens.' }),
    name: t.exposeString('name', { description: 'What the team is called.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the team was made.' }),
  }),
});

const MembershipRoleType = builder.enumType('MembershipRole', {
  description: 'What a member may do in their team.',
  values: {
    OWNER: { description: 'Everything, deleting the team included.' },
    ADMIN: { description: 'Manages members and settings.' },
    MEMBER: { description: 'Takes part.' },
  } satisfies Record<(typeof membershipRoles)[number], { description: string }>,
});

export const MembershipType = builder.objectRef<TeamMembership>('Membership');

MembershipType.implement({
  description: 'A place in a team.',
  fields: (t) => ({
    team: t.expose('team', { type: TeamType, description: 'The team.' }),
    role: t.expose('role', { type: MembershipRoleType, description: 'What the member may do there.' }),
  }),
});
