/**
 * Work-around, pg 8.23.1: a query on a connection whose other end says nothing waits until TCP gives up, for a quarter of an
 * hour. The driver's `query_timeout` ends the wait, but the connection goes back to the pool, where the next query waits.
 *
 * Upstream: brianc/node-postgres issue 3399, “PG queries are not timing out on server going down”.
 * Here: a connection that owes an answer for too long is ended. The pool drops it.
 * It can go when this test fails: “pg reuses a connection on which a query timed out”.
 */
import type { ServerSocket } from './server-socket.ts';

type Client = { query: (...parameters: unknown[]) => unknown; connection: { stream: ServerSocket } };

/** Ends a new connection of pg when one of its queries has waited for so long. */
export function endWhenSilent(pooled: object, longestMs: number): void {
  const client = pooled as Client;
  const query = client.query.bind(client);
  client.query = (...parameters) => {
    const overdue = setTimeout(() => client.connection.stream.destroy(), longestMs).unref();
    const answered = () => clearTimeout(overdue);
    const callback = parameters.at(-1);
    if (typeof callback === 'function') {
      const called = (...results: unknown[]) => {
        answered();
        callback(...results);
      };
      return query(...parameters.slice(0, -1), called);
    }
    const result = query(...parameters);
    Promise.resolve(result).then(answered, answered);
    return result;
  };
}
