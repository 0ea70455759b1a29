/**
 * Work-around, postgres.js 3.4.9: a statement that it sends between a connection's error and its end is forgotten. It ends
 * with the next statement of that place in the pool, and without rows, as if the server had said so.
 *
 * Upstream: not reported in these words. porsager/postgres issue 1130, “BUG: If a query fails, it never ends”, and pull
 * request 1142 have the same cause: the driver does not clear its statement when a connection ends with an error.
 * Here: the end follows the error at once. After the server was ready, the end does not mention the error.
 * It can go when this test fails: “postgres.js answers a statement of a closing connection without asking the server”.
 */
import type { Duplex } from 'node:stream';

/**
 * Reports that a socket has closed.
 *
 * @param wasReady whether the server was ready for statements; before, postgres.js has none that it could forget
 */
export function reportClose(socket: Duplex, error: Error | null, wasReady: boolean): void {
  // The stream passes the error on in the next tick; this comes right behind it.
  process.nextTick(() => socket.emit('close', error !== null && !wasReady));
}
