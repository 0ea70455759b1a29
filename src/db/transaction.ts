import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { isDeadlock } from '../errors.ts';
import type { SilenceWatch } from './silence.ts';
import { guardStatement, tellLossesLate, untilClosed } from './statements.ts';

type Transact = PostgresJsDatabase['transaction'];
type Work = Parameters<Transact>[0];

/** What a statement gets whose connection closed in the middle: the database is away. */
const connectionClosed = () =>
  Object.assign(new Error('The connection was closed.'), { code: 'CONNECTION_CLOSED' });

/** What the library never gets to see, so that it sends nothing more. */
const never = <T>() => new Promise<T>(() => {});

/**
 * Transactions that outlive the loss of their connection. Left to itself the library sends the next statement, be it
 * `rollback`, into the closed socket, which throws where nobody can catch it and ends the process (porsager/postgres
 * issues 1066, 1154 and 1208). Here, once the connection has closed, no statement is sent and the work is not reported to
 * have ended: the library has rejected the transaction by then.
 */
export function withSafeTransactions<Db extends PostgresJsDatabase>(db: Db, silence: SilenceWatch): Db {
  const transact = db.transaction.bind(db) as Transact;

  const transaction = (work: Work, ...config: unknown[]): Promise<unknown> => {
    let closed = false;
    // For `begin`, and later for `commit` or `rollback`, which the library sends by itself.
    let answered = silence.expectAnswer();
    const outcome = transact(
      async (tx) => {
        answered();
        refuseStatements(tx, () => closed, silence);
        try {
          const result = await work(tx);
          if (!closed) answered = silence.expectAnswer();
          return closed ? never() : result;
        } catch (error) {
          if (!closed) answered = silence.expectAnswer();
          // A statement fails a little before its transaction is rejected for the same reason. What the library writes
          // from a timer is written before a socket closes; a write that is pending then spoils the next connection.
          await untilClosed();
          return closed ? never() : Promise.reject(error);
        }
      },
      ...(config as []),
    );
    outcome.then(
      () => answered(),
      () => {
        answered();
        closed = true;
      },
    );
    return tellLossesLate(outcome);
  };
  return Object.assign(db, { transaction: transaction as Transact });
}

/** Makes every statement of the transaction fail by itself, instead of in the socket, once that is closed. */
function refuseStatements(tx: Parameters<Work>[0], isClosed: () => boolean, silence: SilenceWatch): void {
  const { client } = (tx as unknown as { session: { client: postgres.TransactionSql } }).session;
  const unsafe = client.unsafe.bind(client);
  const guarded: typeof unsafe = (query, parameters, options) => {
    if (isClosed()) throw connectionClosed();
    return guardStatement(unsafe(query, parameters, { ...options, prepare: true }), silence);
  };
  Object.assign(client, { unsafe: guarded });
}

const MAX_TRIES = 3;

/**
 * Does again what Postgres gave up because two transactions waited for each other: an account that is deleted while it
 * signs in, say. Nothing of it was done.
 */
export async function retryDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      if (attempt === MAX_TRIES || !isDeadlock(error)) throw error;
    }
}
