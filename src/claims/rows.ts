import { sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import type { StatementClient } from '../db/driver/postgres.ts';
import { isCausedBy } from '../db/errors.ts';
import { readApplicationRows } from '../db/guarded.ts';
import { RefusedClaims } from './refused-claims.ts';

/** A transaction of Drizzle, or of the driver. */
export type ClaimsTransaction = Queryable | StatementClient;

/** What reads rows: a statement with the parameter `$1`, the user's id, and a timeout in milliseconds. */
type RowsQuery = { statement: string; userId: string; timeoutMs: number };

/**
 * Reads at most two rows of a statement, each as JSON. The database function runs the statement with few rights, and refuses
 * writes.
 * @throws RefusedClaims for a row that is too long; the driver's error, which `statementFailure` reads
 */
export async function readRows(
  tx: ClaimsTransaction,
  { statement, userId, timeoutMs }: RowsQuery,
): Promise<unknown[]> {
  const timeout = `${timeoutMs}ms`;
  const run = 'execute' in tx ? runInDrizzle(tx) : runInDriver(tx);
  await run.setTimeout(timeout);
  const rows = await run.read(statement, userId);
  await run.resetTimeout();
  return rows.map(parseRow);
}

/** Longer rows are cut by the database. */
const MAX_ROW_LENGTH = 20_000;

function parseRow(row: string): unknown {
  if (row.length >= MAX_ROW_LENGTH) throw new RefusedClaims('returned a row that is too long');
  return JSON.parse(row);
}

type Run = {
  setTimeout(timeout: string): PromiseLike<unknown>;
  read(statement: string, userId: string): PromiseLike<readonly string[]>;
  resetTimeout(): PromiseLike<unknown>;
};

const runInDrizzle = (tx: Queryable): Run => ({
  setTimeout: (timeout) => tx.execute(sql`select set_config('statement_timeout', ${timeout}, true)`),
  read: (statement, userId) => readApplicationRows(tx, { statement, userId }),
  resetTimeout: () => tx.execute(sql`set local statement_timeout to default`),
});

const runInDriver = (tx: StatementClient): Run => ({
  setTimeout: (timeout) => tx`select set_config('statement_timeout', ${timeout}, true)`.execute(),
  async read(statement, userId) {
    const rows = await tx<{ row: string }[]>`
      select read.row from portcullis_private.guarded_read_claims(${statement}, ${userId}) as read (row)`;
    return rows.map(({ row }) => row);
  },
  resetTimeout: () => tx`set local statement_timeout to default`.execute(),
});

/** The SQLSTATE of every error of the statement, from `guarded_read_claims`. */
const CLAIMS_FAILED = 'PCL01';

/** Why a statement failed: Postgres's own SQLSTATE and message. The message may hold data of users. */
type StatementFailure = { sqlState: string; message: string };

/** Returns why the statement failed; null if another error happened: the database is away, or a transaction lost to another one. */
export function statementFailure(error: unknown): StatementFailure | null {
  let failure: StatementFailure | null = null;
  isCausedBy(error, (facts) => {
    if (facts.code !== CLAIMS_FAILED) return false;
    const { detail, message } = facts as { detail?: unknown; message?: unknown };
    failure = { sqlState: String(detail ?? ''), message: String(message ?? '') };
    return true;
  });
  return failure;
}
