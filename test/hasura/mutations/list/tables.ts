import type { Mutation } from '../mutation.ts';
import {
  condition,
  LIMIT,
  lines,
  MINE,
  manager,
  member,
  memberships,
  ofTeam,
  SIGNED_IN,
  selectFilter,
  table,
  updateFilter,
} from './filters.ts';

const [MEMBER, MANAGER] = [member(SIGNED_IN), manager(SIGNED_IN)];

const anyTeam = { from: selectFilter(...ofTeam(...MEMBER)), to: selectFilter('team: {}') };

/** What the tables' permissions say (hasura/README.md, "Filters" and "Table permissions"). */
export const tables: readonly Mutation[] = [
  {
    breaks: 'everybody sees every user',
    file: table('users'),
    from: selectFilter(...MINE, ...SIGNED_IN),
    to: selectFilter('{}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'everybody sees every session',
    file: table('sessions'),
    from: selectFilter(...MEMBER),
    to: selectFilter('{}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'everybody sees every team that has members',
    file: table('teams'),
    from: selectFilter(...memberships(...MEMBER)),
    to: selectFilter('memberships: {}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'everybody sees every membership',
    file: table('memberships'),
    ...anyTeam,
    scenarios: ['rows'],
  },
  {
    breaks: 'a membership shows to its own person alone',
    file: table('memberships'),
    from: selectFilter(...ofTeam(...MEMBER)),
    to: selectFilter(...MEMBER),
    scenarios: ['rows'],
  },
  {
    breaks: 'everybody sees every project',
    file: table('projects'),
    ...anyTeam,
    scenarios: ['rows'],
  },
  {
    breaks: 'managers of any team see every invite',
    file: table('invites'),
    from: selectFilter(...ofTeam(...MANAGER)),
    to: selectFilter(...ofTeam(...MANAGER.slice(MEMBER.length))),
    scenarios: ['rows'],
  },
  {
    breaks: 'every member sees the invites',
    file: table('invites'),
    from: selectFilter(...ofTeam(...MANAGER)),
    to: selectFilter(...ofTeam(...MEMBER)),
    scenarios: ['rows'],
  },
  {
    breaks: 'a filter goes by the team in the token, from which nobody is removed',
    file: table('teams'),
    from: selectFilter(...memberships(...MEMBER)),
    to: selectFilter('id:', '  _eq: X-Hasura-Team-Id'),
    scenarios: ['teams'],
  },
  {
    breaks: 'a user’s row tells when the account was disabled',
    file: table('users'),
    from: '        - email_verified_at\n',
    to: '        - email_verified_at\n        - disabled_at\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'a user’s row lacks its address',
    file: table('users'),
    from: '        - email\n',
    to: '',
    scenarios: ['accounts'],
  },
  {
    breaks: 'people change their address without proving that it is theirs',
    file: table('users'),
    from: '        - name\n      filter:',
    to: '        - name\n        - email\n      filter:',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a project can be moved to another team',
    file: table('projects'),
    from: '        - name\n      filter:',
    to: '        - name\n        - team_id\n      filter:',
    scenarios: ['roles'],
  },
  {
    breaks: 'people rename others',
    file: table('users'),
    from: updateFilter(...MINE, ...SIGNED_IN),
    to: '      filter: {}\n      check: {}\n',
    scenarios: ['accounts'],
  },
  {
    breaks: 'managers rename teams that they are not in, or try to',
    file: table('teams'),
    from: condition('filter', memberships(...MANAGER)),
    to: condition('filter', memberships(...MANAGER.slice(MEMBER.length))),
    scenarios: ['rows'],
  },
  {
    breaks: 'every member renames the team',
    file: table('teams'),
    from: updateFilter(...memberships(...MANAGER)),
    to: updateFilter(...memberships(...MEMBER)),
    scenarios: ['rows'],
  },
  {
    breaks: 'what nobody may change passes the filter and not the check, so that a change of all rows fails',
    file: table('projects'),
    from: updateFilter(...ofTeam(...MANAGER)),
    to: `${lines(6, 'filter: {}')}${condition('check', ofTeam(...MANAGER))}`,
    scenarios: ['rows'],
  },
  ...['cache', 'invites', 'memberships', 'projects', 'sessions', 'teams'].map(
    (name): Mutation => ({
      breaks: `a page of ${name} has no end`,
      file: table(name),
      from: name === 'cache' ? `${LIMIT}      allow_aggregations: false\n  - role: user` : LIMIT,
      to: name === 'cache' ? '      allow_aggregations: false\n  - role: user' : '',
      scenarios: ['rows'],
    }),
  ),
  ...['invites', 'memberships', 'projects', 'sessions', 'teams', 'users'].map(
    (name): Mutation => ({
      breaks: `users count all ${name} at once, and others follow`,
      file: table(name),
      from: 'allow_aggregations: false',
      to: 'allow_aggregations: true',
      scenarios: ['roles'],
    }),
  ),
  {
    breaks: 'the contract addresses are for the signed-in alone',
    file: table('cache'),
    from: '- role: anonymous',
    to: '- role: nobody',
    scenarios: ['identity'],
  },
  {
    breaks: 'anonymous sees the keys by a table that has no permissions',
    file: table('jwks'),
    from: '  custom_name: jwks\n',
    to: '  custom_name: jwks\nselect_permissions:\n  - role: anonymous\n    permission:\n      columns: [id]\n      filter: {}\n',
    scenarios: ['identity'],
  },
  {
    breaks: 'users see the security events',
    file: table('security_events'),
    from: '  name: security_events\n',
    to: '  name: security_events\nselect_permissions:\n  - role: user\n    permission:\n      columns: [id]\n      filter: {}\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'the keys’ table has the name that Postgres gives it',
    file: table('jwks'),
    from: 'configuration:\n  custom_name: jwks\n',
    to: '',
    scenarios: ['console'],
  },
  {
    breaks: 'a join asks for the team by its name',
    file: table('teams'),
    from:
      lines(10, '- id', 'remote_field:').replace('          remote', '        remote') +
      lines(10, 'team:', '  arguments:', '    id: $id'),
    to:
      lines(10, '- name', 'remote_field:').replace('          remote', '        remote') +
      lines(10, 'team:', '  arguments:', '    id: $name'),
    scenarios: ['remote-join'],
  },
  {
    breaks: 'there is no join with the gateway',
    file: table('teams'),
    from: '- name: gateway_team',
    to: '- name: team_of_gateway',
    scenarios: ['remote-join'],
  },
];
