import { isRepeatable } from '../errors.ts';
import type { RefusedWrites } from '../refused-writes.ts';
import { retry } from '../retries.ts';
import { isLoss, untilClosed } from './closing-connections.ts';
import type { Client } from './postgres.ts';
import { preparing } from './prepared-statements.ts';
import { learnConnection, leaveReadOnlyServer } from './read-only-servers.ts';
import type { SilenceWatch } from './silence.ts';

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

/** Guards and prepares every statement of a pool. */
export function guardStatements(client: Client, watch: StatementWatch): Client {
  const unsafe = preparing(client.unsafe.bind(client), true);
  client.unsafe = (query, parameters, options) => {
    // The library begins a transaction by a statement that it calls back for.
    const begins = options !== undefined && 'onexecute' in options;
    const repeat = () => guardStatement(unsafe(query, parameters, options), watch);
    return guardStatement(unsafe(query, parameters, options), watch, begins ? undefined : repeat);
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
