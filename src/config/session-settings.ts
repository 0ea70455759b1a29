/**
 * A setting of the session that the gateway relies on. An operator can change it for a role or a database (`alter role … set`,
 * `alter database … set`). Every connection of both drivers sets it as a startup parameter, which overrides these. A pooler may
 * refuse or ignore startup parameters, so the start reads the actual settings of a session.
 */
type PinnedSetting = Readonly<{
  name: string;
  value: string;
  /** Whether a value that Postgres reports is equivalent. */
  accepts?: (value: string) => boolean;
  /** Whether the gateway works with a value: then the start warns instead of refusing. */
  tolerates?: (value: string) => boolean;
  /** Whether PgBouncer keeps this startup parameter for each client. It refuses all others, unless configured to ignore them. */
  keptByPoolers?: true;
  reason: string;
}>;

export const PINNED_SETTINGS: readonly PinnedSetting[] = [
  {
    name: 'client_encoding',
    value: 'UTF8',
    keptByPoolers: true,
    reason: 'Both drivers send and read texts in UTF-8.',
  },
  {
    name: 'DateStyle',
    value: 'ISO, MDY',
    accepts: (value) => value.startsWith('ISO'),
    keptByPoolers: true,
    reason: 'The drivers read timestamps in ISO format only.',
  },
  {
    name: 'TimeZone',
    value: 'UTC',
    accepts: (value) => /^(?:UTC|Etc\/UTC|GMT)$/i.test(value),
    tolerates: () => true,
    keptByPoolers: true,
    reason: 'Every day is 24 hours long, and a date without an offset means the same everywhere.',
  },
  {
    name: 'standard_conforming_strings',
    value: 'on',
    keptByPoolers: true,
    reason: 'A backslash in a literal is not an escape.',
  },
  {
    name: 'IntervalStyle',
    value: 'postgres',
    reason: 'The job library’s driver reads intervals in this format.',
  },
  { name: 'bytea_output', value: 'hex', reason: 'The drivers read hashes of tokens in hexadecimal.' },
  {
    name: 'extra_float_digits',
    value: '1',
    accepts: (value) => Number(value) > 0,
    reason: 'The drivers read a float8, for example the age of a token, exactly.',
  },
  { name: 'array_nulls', value: 'on', reason: 'A null in an array that the gateway sends stays a null.' },
  {
    name: 'transform_null_equals',
    value: 'off',
    reason: 'A comparison with null is null, not a test for null.',
  },
  {
    name: 'search_path',
    value: 'pg_catalog, pg_temp',
    // A path that does not list pg_catalog searches it first.
    tolerates: (value) => {
      const schemas = value.split(',').map((schema) => schema.trim().replaceAll('"', ''));
      return schemas.indexOf('pg_catalog') <= 0;
    },
    reason: 'A function of another role never replaces a built-in one.',
  },
  {
    name: 'default_transaction_isolation',
    value: 'read committed',
    reason: 'A transaction that waited for a lock sees the other transaction’s writes.',
  },
  { name: 'default_transaction_read_only', value: 'off', reason: 'The gateway writes.' },
  {
    name: 'default_transaction_deferrable',
    value: 'off',
    reason: 'A transaction does not wait for a snapshot without conflicts.',
  },
  {
    name: 'exit_on_error',
    value: 'off',
    reason: 'An error, for example a taken email address, does not end the connection.',
  },
  {
    name: 'synchronous_commit',
    value: 'on',
    accepts: (value) => value !== 'off',
    tolerates: () => true,
    reason: 'An acknowledged change, for example a sign-out, survives a crash of the database.',
  },
  {
    name: 'idle_session_timeout',
    value: '0',
    accepts: () => true,
    reason: 'A connection of a pool may be idle.',
  },
];

/** Settings that only a superuser may set. A connection cannot pin them, so the start refuses another value. */
export const CHECKED_SETTINGS: readonly PinnedSetting[] = [
  {
    name: 'session_replication_role',
    value: 'origin',
    reason: 'Postgres runs foreign keys and triggers.',
  },
];

/** The settings that follow from DATABASE_STATEMENT_TIMEOUT_MS. */
export const TIMEOUT_SETTINGS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
] as const;

/**
 * Returns the timeouts of a session.
 * @param statementTimeoutMs milliseconds after which Postgres cancels a statement
 */
export const timeoutSettings = (
  statementTimeoutMs: number,
): Record<(typeof TIMEOUT_SETTINGS)[number], string> => ({
  statement_timeout: `${statementTimeoutMs}`,
  lock_timeout: `${Math.ceil(statementTimeoutMs / 2)}`,
  idle_in_transaction_session_timeout: `${statementTimeoutMs * 2}`,
});

const OWN_NAMES = new Set(
  [
    ...[...PINNED_SETTINGS, ...CHECKED_SETTINGS].map(({ name }) => name),
    ...TIMEOUT_SETTINGS,
    ...['application_name', 'timezone', 'session_authorization', 'role'],
  ].map((name) => name.toLowerCase()),
);

/** Whether the gateway sets this itself: then a URL may not. */
export const isOwnSetting = (name: string): boolean => OWN_NAMES.has(name.toLowerCase());
