import { type BrokenExample, edited, lines, tableFile } from './metadata-example.ts';

const users = tableFile('users');
const sessions = tableFile('sessions');

const DISABLED = ['disabled_at:', '  _is_null: true'];
const SESSION = [
  ...['sessions:', '  id:', '    _eq: X-Hasura-Session-Id'],
  ...['  revoked_at:', '    _is_null: true'],
];
const SIGNED_IN = [...DISABLED, ...SESSION];
/** The shipped filters of `users` and `sessions`. */
export const USERS_FILTER = ['id:', '  _eq: X-Hasura-User-Id', ...SIGNED_IN];
export const SESSIONS_FILTER = [
  'user_id:',
  '  _eq: X-Hasura-User-Id',
  'user:',
  ...SIGNED_IN.map((line) => `  ${line}`),
];

/** A filter of `sessions` that resembles the condition of the live session and is weaker. */
const withoutSession = (what: string, ...texts: string[]): BrokenExample =>
  edited(sessions, 'filter-live-session', what, lines(8, ...SESSIONS_FILTER), lines(8, ...texts));
const oneOf = (...conditions: string[]) => conditions.map((condition) => `    - ${condition}`);
const SIGNED_IN_FLOW =
  '{disabled_at: {_is_null: true}, sessions: {id: {_eq: X-Hasura-Session-Id}, revoked_at: {_is_null: true}}}';

/** Permissions that do not require the live session (hasura/README.md, "Filters"). */
export const brokenSessions: readonly BrokenExample[] = [
  withoutSession('a filter by user alone', ...SESSIONS_FILTER.slice(0, 2)),
  withoutSession('a filter by disabled_at alone', 'user:', ...DISABLED.map((line) => `  ${line}`)),
  withoutSession('a filter by session without disabled_at', 'user:', ...SESSION.map((line) => `  ${line}`)),
  withoutSession('a filter by session without revoked_at', ...SESSIONS_FILTER.slice(0, -2)),
  withoutSession(
    'a filter by any live session of the user',
    'user: {disabled_at: {_is_null: true}, sessions: {revoked_at: {_is_null: true}, user_id: {_eq: X-Hasura-User-Id}}}',
  ),
  withoutSession(
    'a filter that takes id and revoked_at from two session rows',
    'user:',
    '  _and:',
    ...oneOf(
      '{disabled_at: {_is_null: true}, sessions: {id: {_eq: X-Hasura-Session-Id}}}',
      '{sessions: {revoked_at: {_is_null: true}}}',
    ),
  ),
  withoutSession(
    'the live session in one branch of _or',
    '_or:',
    ...oneOf(`{user: ${SIGNED_IN_FLOW}}`, '{user_id: {_eq: X-Hasura-User-Id}}'),
  ),
  withoutSession('a negated live session', '_not:', `  user: ${SIGNED_IN_FLOW}`),
  withoutSession('a filter by revoked session', `user: ${SIGNED_IN_FLOW.replaceAll('true', 'false')}`),
  withoutSession(
    'the user id in place of the session id',
    `user: ${SIGNED_IN_FLOW.replace('Session-Id', 'User-Id')}`,
  ),
  edited(
    users,
    'filter-live-session',
    'an update permission without the live session',
    lines(8, ...USERS_FILTER),
    lines(8, ...USERS_FILTER.slice(0, 2)),
  ),
];
