import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { retry } from './retries.ts';
import { guardStatement, type StatementWatch, tellLossesLate, untilClosed } from './statements.ts';

type Transact = PostgresJsDatabase['transaction'];
type Work = Parameters<Transact>[0];
type DrizzleTransaction = Parameters<Work>[0];

/** What a statement gets whose connection closed in the middle: the database is away. */
const connectionClosed = () =>
  Object.assign(new Error('The connection was closed.'), { code: 'CONNECTION_CLOSED' });

/** What the library never gets to see, so that it sends nothing more. */
const never = <T>() => new Promise<T>(() => {});

/**
 * Replaces the transactions of the library by our own. README.md of this folder says why and how: the outcome of `commit`
 * is checked, a lost connection ends nothing but the transaction, and what Postgres rolled back is retried.
 *
 * `db.transaction(work)` rejects unless Postgres said that it committed. Where the connection is lost before that answer, the
 * outcome is unknown: the error is that of the connection, and the work is not repeated. The work may run several times, so
 * it has no effect outside the database.
 */
export function withCheckedTransactions<Db extends PostgresJsDatabase>(db: Db, watch: StatementWatch): Db {
  const transact = db.transaction.bind(db) as Transact;
  const transaction = (work: Work, ...config: unknown[]) =>
    retry((attempt) => {
      // What failed for a prepared statement that is missing succeeds without: the others may be missing too.
      const hold: HoldOptions = { watch, prepare: attempt === 1 };
      return tellLossesLate(runOnce((run) => transact(run, ...(config as [])), work, hold));
    });
  return Object.assign(db, { transaction: transaction as Transact });
}

/**
 * Runs the work once in a transaction of the library, and ends it by ourselves. The library learns of no end: it would send
 * another `commit` or `rollback`, by a connection that is somebody else's by then.
 */
function runOnce(
  transact: (run: Work) => Promise<unknown>,
  work: Work,
  options: HoldOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let closed = false;
    const lifetime = transact(async (tx) => {
      await runAndEnd(
        holdConnection(tx, () => closed, options),
        tx,
        work,
      ).then(resolve, reject);
      return never();
    });
    // It ends only when its connection cannot be had or is lost, be that long after the transaction.
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
  /** Whether a statement of the work ended the transaction. The connection is not ours any more then. */
  isEnded(): boolean;
  /** The first error of a statement, whether or not the work let it pass. */
  failure(): unknown;
  /** Sends the last statement, unprepared; gives the tag of the answer. */
  end(command: 'commit' | 'rollback'): Promise<string>;
};

async function runAndEnd(hold: Hold, tx: DrizzleTransaction, work: Work): Promise<unknown> {
  let result: unknown;
  try {
    result = await work(tx);
  } catch (error) {
    // A statement fails a little before its transaction is rejected for the same reason. What the library writes
    // from a timer is written before a socket closes; a write that is pending then spoils the next connection.
    await untilClosed();
    // Nothing is committed whatever comes of it.
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

/** The tags of what ends a transaction. */
const ENDS = /^(?:COMMIT|ROLLBACK|PREPARE TRANSACTION)$/;

/**
 * Takes over the statements of a transaction. Each fails by itself, instead of in the socket, once that is closed; and none
 * is sent after the end, when the connection may be in another transaction.
 */
function holdConnection(
  tx: DrizzleTransaction,
  isClosed: () => boolean,
  { watch, prepare }: HoldOptions,
): Hold {
  const { client } = (tx as unknown as { session: { client: postgres.TransactionSql } }).session;
  const unsafe = client.unsafe.bind(client);
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
    return observe(guardStatement(unsafe(query, parameters, { ...options, prepare }), watch));
  };
  const savepoint = () => {
    throw new Error('A transaction inside a transaction is not supported.');
  };
  Object.assign(client, { unsafe: guarded, savepoint });
  return {
    isClosed,
    isEnded: () => ended,
    failure: () => failure,
    async end(command) {
      ended = true;
      // Without parameters the library sends it by the simple protocol: no prepared statement can be missing.
      const { command: tag } = await guardStatement(unsafe(command), watch);
      return tag;
    },
  };
}
