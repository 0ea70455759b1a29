import { setTimeout as wait } from 'node:timers/promises';
import { isCausedBy } from '../errors.ts';
import type { SilenceWatch } from './silence.ts';

/** How long connections that are lost at once, or together with their statements, may take to close one after the other. */
const CLOSING_MS = 5;

/** Of the socket, of the driver, or of a server that leaves. */
const LOSS = /^(?:E[A-Z]|CONNECT|57P0|08)/;
const isLoss = (error: unknown): boolean => isCausedBy(error, ({ code }) => LOSS.test(String(code)));

/**
 * Ends when connections that were lost at once have usually closed. Until then postgres.js (3.4.9) takes one that is closing for a good
 * one, and what it has of a statement for it when it closes is never sent: the slot stays mute, whatever it connects to.
 */
export const untilClosed = (): Promise<void> => wait(CLOSING_MS);

/** Passes on what comes of some work; that a connection was lost only when others that were lost with it have closed. */
export async function tellLossesLate<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isLoss(error)) await untilClosed();
    throw error;
  }
}

/** What the driver calls to end a statement. */
type Ending = { reject(error: unknown): void };

/**
 * Looks after a statement of the driver: it counts as waiting for an answer until it has ended, and tells late that its
 * connection was lost. Its own `then` would start it at once, before the caller has said what it wants of it.
 */
export function guardStatement<Statement extends PromiseLike<unknown>>(
  statement: Statement,
  { expectAnswer }: SilenceWatch,
): Statement {
  const ending = statement as unknown as Ending;
  const { reject } = ending;
  ending.reject = (error) => {
    if (isLoss(error)) untilClosed().then(() => reject(error));
    else reject(error);
  };
  const answered = expectAnswer();
  Promise.prototype.then.call(statement, answered, answered);
  return statement;
}
