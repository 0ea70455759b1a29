import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';

export type Database = PostgresJsDatabase;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
/** Either of both: for operations that join their caller's transaction. */
export type Queryable = Database | Transaction;

export type DatabaseOptions = {
  url: string;
  poolSize: number;
  /** Milliseconds after which Postgres cancels a statement. */
  statementTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
};

/** Opens a pool. Every connection has statement, lock and idle-transaction timeouts. */
export function openDatabase(options: DatabaseOptions): { db: Database; close: () => Promise<void> } {
  const client = postgres(options.url, {
    max: options.poolSize,
    connect_timeout: 5,
    onnotice: () => {},
    connection: {
      application_name: options.applicationName ?? 'portcullis',
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: Math.ceil(options.statementTimeoutMs / 2),
      idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
    },
  });
  return {
    db: drizzle(client, { casing: 'snake_case' }),
    close: () => client.end({ timeout: 5 }),
  };
}

/**
 * A statement built once per database instead of once per call. Used for the hot ones: building SQL costs more than
 * Postgres needs to run them, and an unprepared statement takes a second round trip.
 */
export function statement<Prepared>(build: (db: Database) => Prepared): (db: Database) => Prepared {
  const built = new WeakMap<Database, Prepared>();
  return (db) => {
    const prepared = built.get(db) ?? build(db);
    built.set(db, prepared);
    return prepared;
  };
}
