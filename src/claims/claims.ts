import { v7 as uuidv7 } from 'uuid';
import type { ClaimsConfig, Config } from '../config/config.ts';
import { ConfigError } from '../config/read-config.ts';
import type { Database } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ClaimColumn, nameClaims } from './names.ts';
import { RefusedClaims } from './refused-claims.ts';
import { type ClaimsTransaction, readRows, statementFailure } from './rows.ts';
import {
  type ApplicationClaims,
  claimsIn,
  columnsIn,
  columnsStatement,
  valuesStatement,
} from './statements.ts';

export type { ApplicationClaims };

/** Reads claims with the operator's statement, CLAIMS_SQL. */
export type ClaimsReader = Readonly<{
  /**
   * Checks the statement: it must run, its columns must be claims, and it must not return several rows.
   * @throws ConfigError
   */
  check(): Promise<void>;
  /**
   * Reads the claims of a user, in the transaction of a sign-in, before anything is spent. A user without a row has none.
   * @throws AuthError `claims_failed`; then the transaction is aborted
   */
  read(tx: ClaimsTransaction, userId: string): Promise<ApplicationClaims>;
}>;

type ReaderDeps = { db: Database; log: Log; config: Pick<Config, 'claims'> };

/** Makes the reader. Null without CLAIMS_SQL: then a sign-in takes no further statement. */
export function createClaimsReader({ db, log, config: { claims } }: ReaderDeps): ClaimsReader | null {
  if (claims === null) return null;
  const read = createRowReader(claims);
  return {
    async check() {
      try {
        await db.transaction((tx) => read(tx, uuidv7()));
      } catch (error) {
        const failure = failureOf(error);
        throw failure === null ? error : new ConfigError([`CLAIMS_SQL: ${failure.message}`]);
      }
    },
    async read(tx, userId) {
      try {
        return await read(tx, userId);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === null) throw error;
        // Postgres's message may hold data of the user.
        const { sqlState, message } = failure;
        const reason = sqlState === null ? message : `SQLSTATE ${sqlState}`;
        log.error({ userId, reason }, 'CLAIMS_SQL failed. A sign-in was refused.');
        throw new AuthError('claims_failed', { details: { reason } });
      }
    },
  };
}

/** Returns what reads the claims of a user. It learns the columns of the statement once, and again after each failure. */
function createRowReader({ statement, timeoutMs }: ClaimsConfig): ClaimsReader['read'] {
  let known: readonly ClaimColumn[] | null = null;
  return async (tx, userId) => {
    const rowsOf = (query: string) => readRows(tx, { statement: query, userId, timeoutMs });
    try {
      const columns = known ?? nameClaims(columnsIn(await rowsOf(columnsStatement(statement))));
      const claims = claimsIn(await rowsOf(valuesStatement(statement, columns)), columns);
      known = columns;
      return claims;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}

/** Why claims could not be read; null if the database failed for another reason. */
function failureOf(error: unknown): { message: string; sqlState: string | null } | null {
  if (error instanceof RefusedClaims) return { message: error.message, sqlState: null };
  return statementFailure(error);
}
