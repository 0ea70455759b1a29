import type { Mutation } from '../mutation.ts';

const ACCESS = 'src/teams/access.ts';

/** Teams at the gateway, as Hasura's clients and joins see them. */
export const teams: readonly Mutation[] = [
  {
    breaks: 'the gateway shows a team to whoever is not in it',
    file: 'src/teams/teams.ts',
    from: '.where(and(eq(memberships.userId, userId), isAmong(teamIds)))',
    to: '.where(isAmong(teamIds))',
    scenarios: ['teams'],
  },
  {
    breaks: 'one row whose team is not shown fails the whole page',
    file: 'src/graphql/schema/team.ts',
    from: "key: parseId(id, 'id') }, load)) ?? null;",
    to: "key: parseId(id, 'id') }, load)) ?? parseId('', 'id');",
    scenarios: ['remote-join'],
  },
  {
    breaks: 'a stranger acts in a team',
    file: ACCESS,
    from: 'and(eq(memberships.teamId, teamId), eq(memberships.userId, userId))',
    to: 'eq(memberships.teamId, teamId)',
    scenarios: ['teams'],
  },
  {
    breaks: 'a team’s member does what its managers do',
    file: ACCESS,
    from: "if (!allowed.includes(member.role)) throw new AuthError('insufficient_permissions');",
    to: '',
    scenarios: ['rows'],
  },
  {
    breaks: 'a member sees the other members’ addresses',
    file: 'src/teams/members.ts',
    from: "} in ('OWNER', 'ADMIN') or ",
    to: "} in ('OWNER', 'ADMIN', 'MEMBER') or ",
    scenarios: ['remote-join'],
  },
  {
    breaks: 'a member sees whom a team has invited',
    file: 'src/graphql/schema/invite.ts',
    from: 'MANAGERS.includes(team.role) ? teamPage(context, team, args, listInvites) : null',
    to: 'teamPage(context, team, args, listInvites)',
    scenarios: ['remote-join'],
  },
];
