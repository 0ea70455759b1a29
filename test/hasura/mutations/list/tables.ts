import type { Mutation } from '../mutation.ts';
import {
  condition,
  LIMIT,
  lines,
  manager,
  member,
  memberships,
  OWN_ROW,
  ofTeam,
  SIGNED_IN,
  selectFilter,
  table,
  updateFilter,
} from './filters.ts';

const [MEMBER, MANAGER] = [member(SIGNED_IN), manager(SIGNED_IN)];

const anyTeam = { from: selectFilter(...ofTeam(...MEMBER)), to: selectFilter('team: {}') };

/** The permissions of the tables (hasura/README.md, "Filters" and "Table permissions"). */
export const tables: readonly Mutation[] = [
  {
    breaks: 'a user reads the rows of all users',
    file: table('users'),
    from: selectFilter(...OWN_ROW, ...SIGNED_IN),
    to: selectFilter('{}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'a user reads all sessions',
    file: table('sessions'),
    from: selectFilter(...MEMBER),
    to: selectFilter('{}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'a user reads all teams that have members',
    file: table('teams'),
    from: selectFilter(...memberships(...MEMBER)),
    to: selectFilter('memberships: {}'),
    scenarios: ['rows'],
  },
  {
    breaks: 'a user reads all memberships',
    file: table('memberships'),
    ...anyTeam,
    scenarios: ['rows'],
  },
  {
    breaks: 'a user reads only their own membership of a team',
    file: table('memberships'),
    from: selectFilter(...ofTeam(...MEMBER)),
    to: selectFilter(...MEMBER),
    scenarios: ['rows'],
  },
  {
    breaks: 'a user reads all projects',
    file: table('projects'),
    ...anyTeam,
    scenarios: ['rows'],
  },
  {
    breaks: 'a manager of one team reads the invites of all teams',
    file: table('invites'),
    from: selectFilter(...ofTeam(...MANAGER)),
    to: selectFilter(...ofTeam(...MANAGER.slice(MEMBER.length))),
    scenarios: ['rows'],
  },
  {
    breaks: 'a member reads the invites of a team',
    file: table('invites'),
    from: selectFilter(...ofTeam(...MANAGER)),
    to: selectFilter(...ofTeam(...MEMBER)),
    scenarios: ['rows'],
  },
  {
    breaks: 'a filter uses the team id in the token, which a removed member keeps',
    file: table('teams'),
    from: selectFilter(...memberships(...MEMBER)),
    to: selectFilter('id:', '  _eq: X-Hasura-Team-Id'),
    scenarios: ['teams'],
  },
  {
    breaks: 'a user reads when their account was disabled',
    file: table('users'),
    from: '        - email_verified_at\n',
    to: '        - email_verified_at\n        - disabled_at\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'a user cannot read their own email address',
    file: table('users'),
    from: '        - email\n',
    to: '',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a user changes their email address without verification',
    file: table('users'),
    from: '        - name\n      filter:',
    to: '        - name\n        - email\n      filter:',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a manager moves a project to another team',
    file: table('projects'),
    from: '        - name\n      filter:',
    to: '        - name\n        - team_id\n      filter:',
    scenarios: ['roles'],
  },
  {
    breaks: 'a user renames other users',
    file: table('users'),
    from: updateFilter(...OWN_ROW, ...SIGNED_IN),
    to: '      filter: {}\n      check: {}\n',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a manager’s update reaches teams of which they are not a member',
    file: table('teams'),
    from: condition('filter', memberships(...MANAGER)),
    to: condition('filter', memberships(...MANAGER.slice(MEMBER.length))),
    scenarios: ['rows'],
  },
  {
    breaks: 'a member renames the team',
    file: table('teams'),
    from: updateFilter(...memberships(...MANAGER)),
    to: updateFilter(...memberships(...MEMBER)),
    scenarios: ['rows'],
  },
  {
    breaks: 'an update of all projects fails the check instead of skipping rows of other teams',
    file: table('projects'),
    from: updateFilter(...ofTeam(...MANAGER)),
    to: `${lines(6, 'filter: {}')}${condition('check', ofTeam(...MANAGER))}`,
    scenarios: ['rows'],
  },
  ...['cache', 'invites', 'memberships', 'projects', 'sessions', 'teams'].map(
    (name): Mutation => ({
      breaks: `a query of ${name} has no row limit`,
      file: table(name),
      from:
        name === 'cache'
          ? `${LIMIT}      allow_aggregations: false\n    comment: Every client reads all contract addresses.\n  - role: user`
          : LIMIT,
      to:
        name === 'cache'
          ? '      allow_aggregations: false\n    comment: Every client reads all contract addresses.\n  - role: user'
          : '',
      scenarios: ['rows'],
    }),
  ),
  ...['invites', 'memberships', 'projects', 'sessions', 'teams', 'users'].map(
    (name): Mutation => ({
      breaks: `a user may aggregate ${name}`,
      file: table(name),
      from: 'allow_aggregations: false',
      to: 'allow_aggregations: true',
      scenarios: ['roles'],
    }),
  ),
  {
    breaks: 'anonymous cannot read the contract addresses',
    file: table('cache'),
    from: '- role: anonymous',
    to: '- role: nobody',
    scenarios: ['identity'],
  },
  {
    breaks: 'anonymous reads the table of signing keys',
    file: table('jwks'),
    from: '  name: jwks\n',
    to: '  name: jwks\nselect_permissions:\n  - role: anonymous\n    permission:\n      columns: [id]\n      filter: {}\n',
    scenarios: ['identity'],
  },
  {
    breaks: 'a user reads the security events',
    file: table('security_events'),
    from: '  name: security_events\n',
    to: '  name: security_events\nselect_permissions:\n  - role: user\n    permission:\n      columns: [id]\n      filter: {}\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'the table of signing keys has its Postgres name instead of jwks',
    file: table('jwks'),
    from: '  custom_name: jwks\n',
    to: '',
    scenarios: ['console'],
  },
  {
    breaks: 'the join asks the gateway for a team by name instead of id',
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
    breaks: 'the join with the gateway has another name',
    file: table('teams'),
    from: '- name: gateway_team',
    to: '- name: team_of_gateway',
    scenarios: ['remote-join'],
  },
];
