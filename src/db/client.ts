import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { type DatabaseTarget, readDatabaseUrl } from '../config/database-url.ts';
import { type Client, connectTimeoutSeconds, type DriverOptions, openDriver } from './driver/postgres.ts';
import { ANSWER_MS, watchForSilence } from './driver/silence.ts';
import { guardStatements } from './driver/statements.ts';
import { checkTransactions } from './driver/transaction.ts';
import { type RefusedWrites, watchRefusedWrites } from './refused-writes.ts';
import type { SettingsFrom } from './session.ts';
import { trackWaiting } from './waiting.ts';

/** `$client` is for hot statements that Drizzle cannot prepare. It takes and returns timestamps as texts. */
export type Database = PostgresJsDatabase & { $client: Client; refusedWrites: RefusedWrites };
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
/** A database or a transaction: for operations that join their caller's transaction. */
export type Queryable = Database | Transaction;

export type DatabaseOptions = {
  url: string;
  /** The environment variable that holds the URL, for messages. */
  variable?: string;
  poolSize: number;
  /** Milliseconds after which Postgres cancels a statement. */
  statementTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** Whether statements may be prepared under a name. By default they are. */
  prepare?: boolean;
  settingsFrom?: SettingsFrom;
};

export type OpenDatabase = {
  db: Database;
  /** Estimates how many milliseconds a new statement would wait for a connection. */
  queueDelayMs(): number;
  close(): Promise<void>;
};

/**
 * Opens a pool. Every connection has statement, lock and idle-transaction timeouts, and the settings that the gateway
 * relies on. With DATABASE_PREPARE=off the driver prepares no statement.
 * @throws DatabaseUrlError
 */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const target = readDatabaseUrl(options.url, options.variable);
  // Longer than the driver takes to give up on a new connection.
  const longestMs = Math.max(options.statementTimeoutMs, connectTimeoutSeconds(target) * 1000) + ANSWER_MS;
  const waiting = trackWaiting();
  const silence = watchForSilence(longestMs, waiting);
  const client = openDriver(target, {
    poolSize: options.poolSize,
    statementTimeoutMs: options.statementTimeoutMs,
    applicationName: options.applicationName ?? 'portcullis',
    prepare: options.prepare ?? true,
    settingsFrom: options.settingsFrom ?? 'gateway',
    onSocket: silence.watch,
  });
  const watch = { silence, refusedWrites: watchRefusedWrites() };
  checkTransactions(client, watch);
  const db = drizzle(guardStatements(client, watch), { casing: 'snake_case' });
  return {
    db: Object.assign(db, { refusedWrites: watch.refusedWrites }),
    queueDelayMs: () => waiting.queueDelayMs(options.poolSize),
    close() {
      silence.stop();
      return client.end({ timeout: 5 });
    },
  };
}

/**
 * Opens one connection for a command that runs to its end. The caller ends the client.
 * @throws DatabaseUrlError
 */
export function openClient(target: DatabaseTarget, options: Omit<DriverOptions, 'poolSize'>): Client {
  const client = openDriver(target, { ...options, poolSize: 1 });
  checkTransactions(client);
  return client;
}

/**
 * Builds a statement once per database instead of once per call. Hot statements use it: to build their SQL costs more than
 * to run it, and an unprepared statement takes a second round trip.
 */
export function statement<Prepared>(build: (db: Database) => Prepared): (db: Database) => Prepared {
  const built = new WeakMap<Database, Prepared>();
  return (db) => {
    const prepared = built.get(db) ?? build(db);
    built.set(db, prepared);
    return prepared;
  };
}
