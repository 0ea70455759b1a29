/**
 * Work-around, postgres.js 3.4.9: the promise of a transaction does not say what became of it, and its loss can end the process.
 *
 * - `begin` does not look at the answer to `commit`, which is `ROLLBACK` for an aborted transaction. It sends `commit` as a
 *   prepared statement; where the server has forgotten that one, the transaction is aborted, and counts as committed.
 *   Upstream: porsager/postgres issue 1217, “sql.begin() resolves when COMMIT returns ROLLBACK after a caught savepoint
 *   failure”; pull request 1212.
 * - After a connection has closed, the driver sends the next statement, be it `rollback`, into the closed socket. That throws
 *   outside every promise. Upstream: issues 1066, 1154 and 1208, “nextWrite() throws an uncaughtException when a reserved
 *   connection's backend dies”; pull request 1209.
 * - After the place in the pool has another connection, it sends the statements of the lost transaction there, into another
 *   transaction. Upstream: issue 1216; pull request 1215, “Reject transaction work after its connection closes”.
 * - `reserve`, which would leave the ends to us, never resolves where a connection has to be opened. Upstream: issues 751,
 *   1195 and 1219.
 *
 * Here: the driver's `begin` opens the transaction, and we end it. README.md of the folder above says what our transactions promise.
 * It can go when these tests fail: “postgres.js reports a transaction as committed that Postgres rolled back”, “postgres.js
 * ends the process when a transaction loses its connection” and “postgres.js sends a statement of a lost transaction on the
 * next connection”. We could take `reserve` when this one fails: “postgres.js never reserves a connection that it has to open”.
 */
import { retry } from '../retries.ts';
import { delayLoss, untilClosed } from './closing-connections.ts';
import type { Client, ClientTransaction } from './postgres.ts';
import { preparing } from './prepared-statements.ts';
import { guardStatement, type StatementWatch, UNWATCHED } from './statements.ts';

type Work = (tx: ClientTransaction) => unknown;

/** The error of a statement whose connection was closed: the database is away. */
const connectionClosed = () =>
  Object.assign(new Error('The connection was closed.'), { code: 'CONNECTION_CLOSED' });

/** Never resolves, so that the driver sends nothing more. */
const never = <T>() => new Promise<T>(() => {});

/** Replaces the transactions of a client by our own. */
export function checkTransactions(client: Client, watch: StatementWatch = UNWATCHED): void {
  const begin = client.begin.bind(client) as (...parameters: unknown[]) => Promise<unknown>;
  const checked = (...parameters: unknown[]): Promise<unknown> => {
    const options = parameters.slice(0, -1);
    const work = parameters.at(-1) as Work;
    return retry((attempt) => {
      // If one prepared statement is missing, others may be missing too. The next try does not prepare statements.
      const hold: HoldOptions = { watch, prepare: attempt === 1 };
      return delayLoss(runOnce((run) => begin(...options, run), work, hold));
    });
  };
  Object.assign(client, { begin: checked });
}

/**
 * Runs the work once in a transaction of the driver, and ends the transaction itself. The driver must not learn of the end: it
 * would send another `commit` or `rollback`, on a connection that is in another transaction by then.
 */
function runOnce(begin: (run: Work) => Promise<unknown>, work: Work, options: HoldOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let closed = false;
    const lifetime = begin(async (tx) => {
      const hold = holdConnection(tx, () => closed, options);
      await runAndEnd(hold, () => work(tx)).then(resolve, reject);
      return never();
    });
    // It ends only if no connection is found, or when the connection is lost, maybe long after the transaction.
    lifetime.catch((error: unknown) => {
      closed = true;
      reject(error);
    });
  });
}

type HoldOptions = { watch: StatementWatch; prepare: boolean };

/** The connection of a transaction. */
type Hold = {
  isClosed(): boolean;
  /** Whether a statement of the work ended the transaction. Then others may have the connection. */
  isEnded(): boolean;
  /** The first error of a statement, even if the work ignored it. */
  failure(): unknown;
  /** Sends the last statement unprepared, and returns the tag of the answer. */
  end(command: 'commit' | 'rollback'): Promise<string>;
};

async function runAndEnd(hold: Hold, work: () => unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    // A statement fails shortly before its transaction is rejected for the same reason.
    await untilClosed();
    // Nothing is committed, even if the rollback fails.
    if (!hold.isClosed() && !hold.isEnded()) await hold.end('rollback').catch(() => {});
    throw error;
  }
  if (hold.isClosed()) throw connectionClosed();
  const tag = hold.isEnded() ? 'nothing' : await hold.end('commit');
  if (tag !== 'COMMIT')
    throw new Error(`The transaction was not committed: Postgres answered ${tag}.`, {
      cause: hold.failure(),
    });
  return result;
}

/** The tags of the statements that end a transaction. */
const ENDS = /^(?:COMMIT|ROLLBACK|PREPARE TRANSACTION)$/;

/**
 * Takes over the statements of a transaction. After the connection has closed, each of them rejects, instead of throwing in the
 * socket. After the end of the transaction no statement is sent: the connection may be in another one.
 */
function holdConnection(
  tx: ClientTransaction,
  isClosed: () => boolean,
  { watch, prepare }: HoldOptions,
): Hold {
  const unsafe = tx.unsafe.bind(tx);
  const prepared = preparing(unsafe, prepare);
  let ended = false;
  let failure: unknown;
  const observe = <Statement extends PromiseLike<unknown>>(statement: Statement): Statement => {
    const look = ({ command }: { command?: string }) => {
      if (ENDS.test(String(command))) ended = true;
    };
    const fail = (error: unknown) => {
      failure ??= error;
    };
    // The statement's own `then` would start it.
    Promise.prototype.then.call(statement, look, fail);
    return statement;
  };
  const guarded: typeof unsafe = (query, parameters, options) => {
    if (isClosed()) throw connectionClosed();
    if (ended) throw new Error('The transaction has ended.');
    return observe(guardStatement(prepared(query, parameters, options), watch));
  };
  const savepoint = () => {
    throw new Error('A transaction inside a transaction is not supported.');
  };
  Object.assign(tx, { unsafe: guarded, savepoint });
  return {
    isClosed,
    isEnded: () => ended,
    failure: () => failure,
    async end(command) {
      ended = true;
      // Without parameters the driver uses the simple protocol: no prepared statement can be missing.
      const { command: tag } = await guardStatement(unsafe(command), watch);
      return tag;
    },
  };
}
