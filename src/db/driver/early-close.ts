/**
 * Work-around, postgres.js 3.4.9: if a connection closes without an error before the server was ready, the driver connects
 * again at once, forever and without a pause. The statement that waits for the connection never ends.
 *
 * Upstream: porsager/postgres issue 1193, “Clean socket close with a pending initial query never settles it and spins an
 * unbounded zero-delay reconnect loop”; pull request 1214.
 * Here: the socket knows whether the server has been ready. A connection that closes before ends with an error.
 * It can go when this test fails: “postgres.js reconnects endlessly to a server that closes the connection”.
 */

/** ReadyForQuery: `Z` and its length. It and one more byte end the server's greeting, and every later answer. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

/** Notes when a server is ready for the first time. */
export class Greeting {
  #isOver = false;

  /** True when the server has been ready. */
  get isOver(): boolean {
    return this.#isOver;
  }

  hear(bytes: Buffer): void {
    this.#isOver ||= bytes.subarray(-6, -1).equals(READY_FOR_QUERY);
  }
}
