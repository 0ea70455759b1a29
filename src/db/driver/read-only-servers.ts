/**
 * Work-around, both drivers (postgres.js 3.4.9, pg 8.23.1): after a failover a connection may stay at the old primary, which
 * refuses every write (25006) and never hangs up. The drivers go on using it.
 *
 * Upstream: not reported for either driver.
 * Here: the connection is closed. The driver then opens another one, and looks the name of the host up again.
 * It can go when these tests fail: “postgres.js keeps its connection to a read-only server” and “pg keeps its connection to a
 * read-only server”.
 */
import { isReadOnlyServer } from '../errors.ts';

/** A younger connection is kept. Otherwise every write would open a connection to a server that stays read-only. */
const KEPT_FOR_MS = 2000;

/** A connection of postgres.js. `end` waits for its statements, and then frees its place in the pool. */
type Connection = { end(): Promise<void> };

/** What postgres.js sets on a statement. `state` identifies the place in the pool from which the statement was sent. */
type SentStatement = {
  state: object | null;
  options: { onexecute?: (connection: Connection) => unknown };
};

const connections = new WeakMap<object, Connection>();
/** When a place in the pool last had to open another connection. */
const leftAt = new WeakMap<object, number>();
/** Places whose connection must end, but is not known yet. */
const toBeClosed = new WeakSet<object>();

/**
 * Notes which connection sends a statement. Only `onexecute` gets the connection, and not for a connection's first statement
 * with parameters.
 */
export function recordConnection(statement: object): void {
  const sent = statement as SentStatement;
  const { onexecute } = sent.options;
  sent.options.onexecute = (connection) => {
    if (sent.state !== null) {
      connections.set(sent.state, connection);
      // The library moves the connection to another queue right after this.
      if (toBeClosed.delete(sent.state)) queueMicrotask(() => void connection.end());
    }
    return onexecute === undefined || onexecute(connection);
  };
}

/** Closes the connection of a statement that a read-only server refused, at the latest after the next statement. */
export function leaveReadOnlyServer(statement: object, error: unknown): void {
  const { state } = statement as SentStatement;
  if (state === null || !isReadOnlyServer(error)) return;
  const now = performance.now();
  if (now - (leftAt.get(state) ?? Number.NEGATIVE_INFINITY) < KEPT_FOR_MS) return;
  leftAt.set(state, now);
  const connection = connections.get(state);
  if (connection === undefined) toBeClosed.add(state);
  else void connection.end();
}

/** A client of pg. Its pool drops a client that has ended. */
type JobsClient = {
  connection: { on(event: 'errorMessage', heard: (message: { code?: string }) => void): void };
  end(): Promise<void>;
};

/** Does the same for a new connection of pg, which reports every error that the server sends. */
export function leaveReadOnlyServerOfJobs(client: object): void {
  const { connection, end } = client as JobsClient;
  const openedAt = performance.now();
  connection.on('errorMessage', ({ code }) => {
    if (code === '25006' && performance.now() - openedAt > KEPT_FOR_MS) end.call(client).catch(() => {});
  });
}
