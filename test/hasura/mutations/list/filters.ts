// The row permissions as the shipped metadata writes them, for the mutations of the tables' files.

export const table = (name: string) => `hasura/metadata/databases/portcullis/tables/portcullis_${name}.yaml`;
const ME = '_eq: X-Hasura-User-Id';
export const LIMIT = '      limit: 100\n';

/** Lines of a YAML file: a text with its first line break and its indentation taken away. */
export const lines = (indent: number, ...texts: string[]): string =>
  texts.map((text) => `${' '.repeat(indent)}${text}\n`).join('');
const within = (...texts: readonly string[]): string[] => texts.map((text) => `  ${text}`);

export const NOT_DISABLED = ['disabled_at:', '  _is_null: true'];
export const LIVE_SESSION = [
  ...['sessions:', '  id:', '    _eq: X-Hasura-Session-Id'],
  ...['  revoked_at:', '    _is_null: true'],
];
/** The condition of every permission on a person's own rows. */
export const SIGNED_IN = [...NOT_DISABLED, ...LIVE_SESSION];

export const OWN_ROW = ['id:', `  ${ME}`];
export const member = (signedIn: readonly string[]) => [
  ...['user_id:', `  ${ME}`],
  ...['user:', ...within(...signedIn)],
];
export const manager = (signedIn: readonly string[]) => [
  ...member(signedIn),
  ...['role:', '  _in:', '    - OWNER', '    - ADMIN'],
];
export const memberships = (...texts: readonly string[]) => ['memberships:', ...within(...texts)];
export const ofTeam = (...texts: readonly string[]) => ['team:', ...within(...memberships(...texts))];

export const condition = (key: string, texts: readonly string[]): string =>
  lines(6, `${key}:`, ...within(...texts));
/** The filter of a select permission, which its limit follows. */
export const selectFilter = (...texts: readonly string[]): string => `${condition('filter', texts)}${LIMIT}`;
/** Filter and check of an update permission. */
export const updateFilter = (...texts: readonly string[]): string =>
  `${condition('filter', texts)}${condition('check', texts)}`;
