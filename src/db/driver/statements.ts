import { isRepeatable } from '../errors.ts';
import type { RefusedWrites } from '../refused-writes.ts';
import { retry } from '../retries.ts';
import { isLoss, untilClosed } from './closing-connections.ts';
import type { Client } from './postgres.ts';
import { preparing } from './prepared-statements.ts';
import { leaveReadOnlyServer, recordConnection } from './read-only-servers.ts';
import type { SilenceWatch } from './silence.ts';

/** The parts of a pool that watch every statement. */
export type StatementWatch = {
  silence: Pick<SilenceWatch, 'expectAnswer'>;
  refusedWrites: Pick<RefusedWrites, 'notice'>;
};

/** For clients of commands, which end soon. */
export const UNWATCHED: StatementWatch = {
  silence: { expectAnswer: () => () => {} },
  refusedWrites: { notice: () => {} },
};

/** How the driver ends a statement, and in which form it returns the rows. */
type DriverStatement = {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  isRaw?: unknown;
};

/**
 * Guards a statement of the driver. It counts as waiting until it has ended, it reports a lost connection late, and it leaves a
 * read-only server. Its own `then` is not called: that would start the statement before the caller has set its options.
 *
 * @param repeat makes the same statement again. It is given for a statement outside a transaction, which is retried if Postgres
 * rolled it back
 */
export function guardStatement<Statement extends PromiseLike<unknown>>(
  statement: Statement,
  watch: StatementWatch,
  repeat?: () => PromiseLike<unknown>,
): Statement {
  const ending = statement as unknown as DriverStatement;
  const { resolve, reject } = ending;
  const answered = watch.silence.expectAnswer();
  recordConnection(statement);
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
    // The driver begins a transaction by a statement with a callback.
    const begins = options !== undefined && 'onexecute' in options;
    const repeat = () => guardStatement(unsafe(query, parameters, options), watch);
    return guardStatement(unsafe(query, parameters, options), watch, begins ? undefined : repeat);
  };
  return new Proxy(client, {
    /** Guards a statement that is a template. Ours contain no other statements, which would never end by themselves. */
    apply(tag, self, values) {
      const make = () => Reflect.apply(tag, self, values);
      if (!Array.isArray(values[0]) || !('raw' in values[0])) return make();
      return guardStatement(make(), watch, () => guardStatement(make(), watch));
    },
  });
}
