import { setTimeout as wait } from 'node:timers/promises';
import { isCausedBy, isRepeatable } from '../errors.ts';
import type { RefusedWrites } from '../refused-writes.ts';
import { retry } from '../retries.ts';
import type { Client } from './postgres.ts';
import { learnConnection, leaveReadOnlyServer } from './read-only-servers.ts';
import type { SilenceWatch } from './silence.ts';

/** How long connections that are lost at once, or together with their statements, may take to close one after the other. */
const CLOSING_MS = 5;

/** Of the socket, of the driver, or of a server that leaves. */
const LOSS = /^(?:E[A-Z]|CONNECT|57P0|08|25P0[34])/;
const isLoss = (error: unknown): boolean => isCausedBy(error, ({ code }) => LOSS.test(String(code)));

/**
 * Ends when connections that were lost at once have usually closed. Until then postgres.js (3.4.9) takes one that is closing for a good
 * one, and a caller that goes on at once would meet the next of them.
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

/** What looks at every statement of a pool. */
export type StatementWatch = {
  silence: Pick<SilenceWatch, 'expectAnswer'>;
  refusedWrites: Pick<RefusedWrites, 'notice'>;
};

/** For clients that do one thing and end. */
export const UNWATCHED: StatementWatch = {
  silence: { expectAnswer: () => () => {} },
  refusedWrites: { notice: () => {} },
};

/** What the driver calls to end a statement, and how it gives the rows. */
type DriverStatement = {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  isRaw?: unknown;
};

/**
 * Looks after a statement of the driver: it counts as waiting for an answer until it has ended, and tells late that its
 * connection was lost. Its own `then` would start it at once, before the caller has said what it wants of it.
 *
 * @param repeat makes the same statement once more. Given for a statement that is its own transaction: it is retried when
 * Postgres rolled it back
 */
export function guardStatement<Statement extends PromiseLike<unknown>>(
  statement: Statement,
  watch: StatementWatch,
  repeat?: () => PromiseLike<unknown>,
): Statement {
  const ending = statement as unknown as DriverStatement;
  const { resolve, reject } = ending;
  const answered = watch.silence.expectAnswer();
  learnConnection(statement);
  ending.reject = (error) => {
    watch.refusedWrites.notice(error);
    leaveReadOnlyServer(statement, error);
    if (isLoss(error)) return void untilClosed().then(() => reject(error));
    if (repeat === undefined || !isRepeatable(error)) return reject(error);
    answered();
    const again = () => Object.assign(repeat(), { isRaw: ending.isRaw });
    retry((attempt) => (attempt === 1 ? Promise.reject(error) : again())).then(resolve, reject);
  };
  Promise.prototype.then.call(statement, answered, answered);
  return statement;
}

/**
 * Guards and prepares every statement of a pool. Drizzle prepares only what was given a name: whatever else has parameters
 * takes a second round trip and is planned again every time. Our statements hold no values, so a connection keeps a few dozen.
 */
export function guardStatements(client: Client, watch: StatementWatch): Client {
  const unsafe = client.unsafe.bind(client);
  client.unsafe = (query, parameters, options) => {
    // The library begins a transaction by a statement that it calls back for.
    const begins = options !== undefined && 'onexecute' in options;
    const repeat = () => guardStatement(unsafe(query, parameters, { ...options, prepare: true }), watch);
    return guardStatement(
      unsafe(query, parameters, { ...options, prepare: true }),
      watch,
      begins ? undefined : repeat,
    );
  };
  return new Proxy(client, {
    /** A statement as a template: those that we write have no others inside, which would never end by themselves. */
    apply(tag, self, values) {
      const make = () => Reflect.apply(tag, self, values);
      if (!Array.isArray(values[0]) || !('raw' in values[0])) return make();
      return guardStatement(make(), watch, () => guardStatement(make(), watch));
    },
  });
}
