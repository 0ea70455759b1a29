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

/** What of a Postgres or network error tells it apart. Drizzle wraps the former, so its causes are looked at too. */
type Tells = { code?: unknown; constraint_name?: unknown; routine?: unknown };

/** Whether the error, or one of its causes, is what is looked for. */
export function isCausedBy(error: unknown, matches: (tells: Tells) => boolean): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (matches(cause as Tells)) return true;
  return false;
}

/** Whether the database refused something for the sake of this constraint. */
export const violates = (error: unknown, constraint: string): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => name === constraint);

/** Whether an error says that the database cannot be used just now. */
export const isDatabaseAway = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => typeof code === 'string' && isAwayCode(code));

/**
 * Whether Postgres rolled the work back for a reason that may be gone when the work is repeated: a serialization failure, a
 * deadlock, or a prepared statement that the server does not have any more (a pooler, `deallocate all`, a changed table).
 * The rest of class 40 does not say this: of 40003 it is not known what became of the work.
 */
export const isRepeatable = (error: unknown): boolean =>
  isCausedBy(
    error,
    ({ code, routine }) =>
      ['40001', '40P01', '26000'].includes(String(code)) ||
      (code === '0A000' && routine === 'RevalidateCachedQuery'),
  );

/** Whether the server takes no writes: a standby, as an old primary is after a failover. */
export const isReadOnlyServer = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => code === '25006');

/** Whether a row could not be written because the user it belongs to has just been deleted. */
export const isUserGone = (error: unknown): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => /_users_id_fk$/.test(String(name)));

/** Whether the database refused a name that the gateway took: its Unicode may be newer than ours. */
export const isNameRefused = (error: unknown): boolean =>
  isCausedBy(error, ({ constraint_name: name }) => /_name_length$/.test(String(name)));
