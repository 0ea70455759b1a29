/**
 * Work-around, postgres.js 3.4.9: it uses a connection until that has closed. If several connections are lost at once, a caller
 * that continues after the first loss gets the next lost one, and fails again.
 *
 * Upstream: not reported.
 * Here: a caller learns of a loss a few milliseconds later, when the other lost connections have closed too.
 * It can go when this test fails: “postgres.js sends a statement on a connection that was lost with another one”.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { isCausedBy } from '../errors.ts';

/** How long connections that are lost at once may take to close one after the other. */
const CLOSING_MS = 5;

/** Codes of the socket, of the driver, or of a server that stops. */
const LOSS = /^(?:E[A-Z]|CONNECT|57P0|08|25P0[34])/;

/** Tells whether an error says that the connection was lost. */
export const isLoss = (error: unknown): boolean => isCausedBy(error, ({ code }) => LOSS.test(String(code)));

/** Waits until connections that were lost at once have usually closed. */
export const untilClosed = (): Promise<void> => wait(CLOSING_MS);

/** Returns the result of some work. Reports a lost connection only when the others that were lost with it have closed. */
export async function delayLoss<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isLoss(error)) await untilClosed();
    throw error;
  }
}
