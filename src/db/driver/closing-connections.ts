/**
 * Work-around, postgres.js 3.4.9: it takes a connection for a good one until it has closed. If several are lost at once, a
 * caller that goes on after the first loss is given the next of them, and fails again.
 *
 * Upstream: not reported.
 * Here: a caller learns of a loss a few milliseconds later, when the connections that were lost with it have closed.
 * It can go when this test fails: “postgres.js sends a statement on a connection that was lost with another one”.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { isCausedBy } from '../errors.ts';

/** How long connections that are lost at once, or together with their statements, may take to close one after the other. */
const CLOSING_MS = 5;

/** Of the socket, of the driver, or of a server that leaves. */
const LOSS = /^(?:E[A-Z]|CONNECT|57P0|08|25P0[34])/;

/** Whether an error says that the connection was lost. */
export const isLoss = (error: unknown): boolean => isCausedBy(error, ({ code }) => LOSS.test(String(code)));

/** Ends when connections that were lost at once have usually closed. */
export const untilClosed = (): Promise<void> => wait(CLOSING_MS);

/** Passes on the result of some work. That a connection was lost is passed on when others that were lost with it have closed. */
export async function tellLossesLate<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isLoss(error)) await untilClosed();
    throw error;
  }
}
