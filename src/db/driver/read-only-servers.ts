/**
 * Work-around, both drivers (postgres.js 3.4.9, pg 8.23.1): after a failover a connection may stay at the old primary, which
 * refuses every write (25006) and never hangs up. The drivers go on using it.
 *
 * Upstream: not reported for either driver.
 * Here: the connection is closed. The driver then opens another one, and looks the name of the host up again.
 * It can go when these tests fail: “postgres.js stays at a server that takes no writes” and “pg stays at a server that takes no
 * writes”.
 */
import { isReadOnlyServer } from '../errors.ts';

/** A server that stays read-only does not make every write open a connection: one that is younger than this is kept. */
const KEPT_FOR_MS = 2000;

/** A connection of postgres.js. It ends when its statements are answered, and its place in the pool is free again. */
type Connection = { end(): Promise<void> };

/** What postgres.js (3.4.9) sets on a statement: `state` stands for the place in the pool that the statement was sent from. */
type SentStatement = {
  state: object | null;
  options: { onexecute?: (connection: Connection) => unknown };
};

const connections = new WeakMap<object, Connection>();
/** When a place in the pool was last made to open another connection. */
const leftAt = new WeakMap<object, number>();
/** Places whose connection is to end, and is not known yet. */
const condemned = new WeakSet<object>();

/**
 * Learns which connection sends a statement. The library tells it to `onexecute` alone, and not for the first statement with
 * parameters of a connection.
 */
export function learnConnection(statement: object): void {
  const sent = statement as SentStatement;
  const { onexecute } = sent.options;
  sent.options.onexecute = (connection) => {
    if (sent.state !== null) {
      connections.set(sent.state, connection);
      // The library moves the connection to another queue right after this.
      if (condemned.delete(sent.state)) queueMicrotask(() => void connection.end());
    }
    return onexecute === undefined || onexecute(connection);
  };
}

/** Closes the connection of a statement that failed because its server takes no writes; at the latest after the next statement. */
export function leaveReadOnlyServer(statement: object, error: unknown): void {
  const { state } = statement as SentStatement;
  if (state === null || !isReadOnlyServer(error)) return;
  const now = performance.now();
  if (now - (leftAt.get(state) ?? Number.NEGATIVE_INFINITY) < KEPT_FOR_MS) return;
  leftAt.set(state, now);
  const connection = connections.get(state);
  if (connection === undefined) condemned.add(state);
  else void connection.end();
}

/** A client of `pg`, the job library's driver. Its pool drops one that has ended. */
type JobsClient = {
  connection: { on(event: 'errorMessage', heard: (message: { code?: string }) => void): void };
  end(): Promise<void>;
};

/** The same for a new connection of the job library, whose driver tells of every error that the server sends. */
export function leaveReadOnlyServerOfJobs(client: object): void {
  const { connection, end } = client as JobsClient;
  const openedAt = performance.now();
  connection.on('errorMessage', ({ code }) => {
    if (code === '25006' && performance.now() - openedAt > KEPT_FOR_MS) end.call(client).catch(() => {});
  });
}
