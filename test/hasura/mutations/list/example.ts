import type { Mutation } from '../mutation.ts';

const NOTES = 'hasura/example/app_notes.yaml';
const SCENARIOS = ['example'];
const LIVE_OWNER = `          - owner:
              id: { _eq: X-Hasura-User-Id }
              disabled_at: { _is_null: true }
              sessions: { id: { _eq: X-Hasura-Session-Id }, revoked_at: { _is_null: true } }
`;

/** The example that teams copy (hasura/example/README.md). */
export const example: readonly Mutation[] = [
  {
    breaks: 'a person of the example reads notes after the logout',
    file: NOTES,
    from: `      limit: 100\n      filter:\n        _or:\n${LIVE_OWNER}`,
    to: '      limit: 100\n      filter:\n        _or:\n          - owner: { id: { _eq: X-Hasura-User-Id } }\n',
    scenarios: SCENARIOS,
  },
  {
    breaks: 'a removed member of the example reads the team’s notes',
    file: NOTES,
    from: '          - team:\n              memberships:\n                user_id',
    to: '          - team_id: { _is_null: false }\n          - team:\n              memberships:\n                user_id',
    scenarios: SCENARIOS,
  },
  {
    breaks: 'a person of the example shares a note with any team',
    file: NOTES,
    from: '          - team: { memberships: { user_id: { _eq: X-Hasura-User-Id } } }\n',
    to: '          - team_id: { _is_null: false }\n',
    scenarios: SCENARIOS,
  },
];
