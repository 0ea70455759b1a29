import type { Mutation } from '../mutation.ts';

const ACCESS = 'src/teams/access.ts';

/** Teams at the gateway, as Hasura's clients and joins see them. */
export const teams: readonly Mutation[] = [
  {
    breaks: 'the gateway shows a team to people who are not its members',
    file: 'src/teams/teams.ts',
    from: '.where(and(eq(memberships.userId, userId), isAmong(teamIds)))',
    to: '.where(isAmong(teamIds))',
    scenarios: ['teams'],
  },
  {
    breaks: 'one row whose team the gateway hides fails the whole page',
    file: 'src/graphql/schema/team.ts',
    from: "key: parseId(id, 'id') }, load)) ?? null;",
    to: "key: parseId(id, 'id') }, load)) ?? parseId('', 'id');",
    scenarios: ['remote-join'],
  },
  {
    breaks: 'a stranger acts in a team of other people',
    file: ACCESS,
    from: 'and(eq(memberships.teamId, teamId), eq(memberships.userId, userId))',
    to: 'eq(memberships.teamId, teamId)',
    scenarios: ['teams'],
  },
  {
    breaks: 'a member does what only managers may do',
    file: ACCESS,
    from: "if (!allowed.includes(member.role)) throw new AuthError('insufficient_permissions');",
    to: '',
    scenarios: ['rows'],
  },
  {
    breaks: 'a member sees the email addresses of other members',
    file: 'src/teams/members.ts',
    from: "} in ('OWNER', 'ADMIN') or ",
    to: "} in ('OWNER', 'ADMIN', 'MEMBER') or ",
    scenarios: ['remote-join'],
  },
  {
    breaks: 'the gateway shows a member the invites of a team',
    file: 'src/graphql/schema/invite.ts',
    from: 'MANAGERS.includes(team.role) ? teamPage(context, team, args, listInvites) : null',
    to: 'teamPage(context, team, args, listInvites)',
    scenarios: ['remote-join'],
  },
];
