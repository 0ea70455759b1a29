import { type BrokenExample, edited, lines, tableFile } from './metadata-example.ts';

const users = tableFile('users');
const sessions = tableFile('sessions');

const DISABLED = ['disabled_at:', '  _is_null: true'];
const SESSION = [
  ...['sessions:', '  id:', '    _eq: X-Hasura-Session-Id'],
  ...['  revoked_at:', '    _is_null: true'],
];
const SIGNED_IN = [...DISABLED, ...SESSION];
/** The filter of `users`, and that of `sessions`. */
export const OWN = ['id:', '  _eq: X-Hasura-User-Id', ...SIGNED_IN];
export const OF_ME = [
  'user_id:',
  '  _eq: X-Hasura-User-Id',
  'user:',
  ...SIGNED_IN.map((line) => `  ${line}`),
];

/** A filter of `sessions` that comes close to asking for the session of the token, and does not. */
const withoutSession = (what: string, ...texts: string[]): BrokenExample =>
  edited(sessions, 'filter-live-session', what, lines(8, ...OF_ME), lines(8, ...texts));
const oneOf = (...conditions: string[]) => conditions.map((condition) => `    - ${condition}`);
const SIGNED_IN_FLOW =
  '{disabled_at: {_is_null: true}, sessions: {id: {_eq: X-Hasura-Session-Id}, revoked_at: {_is_null: true}}}';

/** Permissions that do not ask for the live session (hasura/README.md, "Filters"). */
export const brokenSessions: readonly BrokenExample[] = [
  withoutSession('only whose it is', ...OF_ME.slice(0, 2)),
  withoutSession('only that the user is not disabled', 'user:', ...DISABLED.map((line) => `  ${line}`)),
  withoutSession('only the session', 'user:', ...SESSION.map((line) => `  ${line}`)),
  withoutSession('only which session', ...OF_ME.slice(0, -2)),
  withoutSession(
    'any session that is not revoked',
    'user: {disabled_at: {_is_null: true}, sessions: {revoked_at: {_is_null: true}, user_id: {_eq: X-Hasura-User-Id}}}',
  ),
  withoutSession(
    'the session of one row and that another one is not revoked',
    'user:',
    '  _and:',
    ...oneOf(
      '{disabled_at: {_is_null: true}, sessions: {id: {_eq: X-Hasura-Session-Id}}}',
      '{sessions: {revoked_at: {_is_null: true}}}',
    ),
  ),
  withoutSession(
    'the session in one branch',
    '_or:',
    ...oneOf(`{user: ${SIGNED_IN_FLOW}}`, '{user_id: {_eq: X-Hasura-User-Id}}'),
  ),
  withoutSession('that the session is not there', '_not:', `  user: ${SIGNED_IN_FLOW}`),
  withoutSession('a session that is revoked', `user: ${SIGNED_IN_FLOW.replaceAll('true', 'false')}`),
  withoutSession(
    'the user in place of the session',
    `user: ${SIGNED_IN_FLOW.replace('Session-Id', 'User-Id')}`,
  ),
  edited(
    users,
    'filter-live-session',
    'an update without it',
    lines(8, ...OWN),
    lines(8, ...OWN.slice(0, 2)),
  ),
];
