/**
 * The classes of SQLSTATE (PostgreSQL manual, appendix A) that say that the database cannot do its work now: no connection
 * (08), a refused login (28), a transaction that lost to another one (40), no disk space, memory or connection left (53), an
 * operator's stop or a timeout (57), an error of the operating system (58).
 */
const AWAY_CLASSES: ReadonlySet<string> = new Set(['08', '28', '40', '53', '57', '58']);

/** States of other classes that say it: a read-only server, two timeouts, a missing database, a lock timeout. */
const AWAY_STATES: ReadonlySet<string> = new Set(['25006', '25P03', '25P04', '3D000', '55P03']);

/** Errors of Node's sockets and of TLS, and of the driver (`CONNECTION_CLOSED`, `CONNECT_TIMEOUT`). */
const NETWORK = /^(?:E[A-Z0-9]+|CONNECT\w+|ERR_(?:TLS|SSL)_\w+|\w*CERT\w*)$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

const isAwayCode = (code: string): boolean =>
  (SQLSTATE.test(code) && (AWAY_CLASSES.has(code.slice(0, 2)) || AWAY_STATES.has(code))) ||
  NETWORK.test(code);

/** What distinguishes a Postgres error or a network error. */
type ErrorFacts = { code?: unknown; constraint_name?: unknown; schema_name?: unknown; routine?: unknown };

/** Tells whether an error, or one of its causes, matches. Drizzle wraps the errors of Postgres. */
export function isCausedBy(error: unknown, matches: (facts: ErrorFacts) => boolean): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (matches(cause as ErrorFacts)) return true;
  return false;
}

/** Tells whether the database refused a change because of this constraint. */
export const violates = (error: unknown, constraint: string): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => name === constraint);

/**
 * Tells whether a constraint or a trigger of the gateway's own tables refused a change. Its triggers name a constraint, and
 * some no schema.
 */
export const isOurConstraint = (error: unknown): boolean =>
  isCausedBy(
    error,
    ({ constraint_name: constraint, schema_name: schema }) =>
      typeof constraint === 'string' &&
      constraint !== '' &&
      (schema === undefined || schema === '' || /^portcullis(?:_private|_guard)?$/.test(String(schema))),
  );

/** Tells whether the database is away, by its error. */
export const isDatabaseAway = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => typeof code === 'string' && isAwayCode(code));

/**
 * Tells whether Postgres rolled the work back for a reason that may be gone at the next try: a serialization failure, a
 * deadlock, or a prepared statement that the server has forgotten (a pooler, `deallocate all`, a changed table). Other codes
 * of class 40 do not count: after 40003 the outcome of the work is unknown.
 */
export const isRepeatable = (error: unknown): boolean =>
  isCausedBy(
    error,
    ({ code, routine }) =>
      ['40001', '40P01', '26000'].includes(String(code)) ||
      (code === '0A000' && routine === 'RevalidateCachedQuery'),
  );

/** Tells whether the server refuses writes: a standby does, and so does an old primary after a failover. */
export const isReadOnlyServer = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => code === '25006');

/** Tells whether a row was refused because its user has just been deleted. */
export const isUserGone = (error: unknown): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => /_users_id_fk$/.test(String(name)));

/** Tells whether the database refused a name that the gateway accepted. Its version of Unicode may be newer. */
export const isNameRefused = (error: unknown): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => /_name_length$/.test(String(name)));
