import { type SQL, sql } from 'drizzle-orm';
import { AuthError } from '../errors.ts';
import type { Queryable } from './client.ts';
import { isDatabaseAway, isOurConstraint, isRepeatable } from './errors.ts';

/**
 * Runs a guarded statement: one that can run code of the application, for example a trigger on a table that references users.
 * src/db/README.md ("Guarded statements") explains how the database keeps that code away from the gateway's rights.
 *
 * @param statement selects from a function of `portcullis_private`
 * @throws AuthError `refused_by_application` if a foreign key or a trigger of the application refused the change; the driver's
 * error for a constraint of the gateway's own, and if the database is away
 */
export async function runGuarded(db: Queryable, statement: SQL): Promise<readonly Record<string, unknown>[]> {
  try {
    return await db.execute(statement);
  } catch (error) {
    if (isOurConstraint(error) || isDatabaseAway(error) || isRepeatable(error)) throw error;
    throw new AuthError('refused_by_application', { cause: error });
  }
}

/**
 * Reads at most two rows of an operator's statement about a user, each as a JSON text. The statement and the functions that it
 * calls run with the rights of Hasura's database role, once `hasura:role` has run.
 *
 * @param statement a `select` without a semicolon; `$1` is the user's id
 * @throws the driver's error if the statement fails; then the transaction is aborted. Its code is PCL01, its detail the SQLSTATE
 */
export async function readApplicationRows(
  db: Queryable,
  { statement, userId }: { statement: string; userId: string },
): Promise<string[]> {
  const rows = await db.execute<{ row: string }>(
    sql`select read.row from portcullis_private.guarded_read_claims(${statement}, ${userId}) as read (row)`,
  );
  return rows.map(({ row }) => row);
}
