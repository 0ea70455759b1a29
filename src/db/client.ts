import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { readDatabaseUrl } from '../config/database-url.ts';
import { connectTimeoutSeconds, openDriver } from './driver.ts';
import type { SettingsFrom } from './session.ts';
import { ANSWER_MS, type SilenceWatch, watchForSilence } from './silence.ts';
import { guardStatement } from './statements.ts';
import { withSafeTransactions } from './transaction.ts';

/** `$client` is for hot statements that Drizzle cannot prepare; it takes and gives timestamps as texts. */
export type Database = PostgresJsDatabase & { $client: postgres.Sql };
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];
/** Either of both: for operations that join their caller's transaction. */
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

/**
 * Drizzle prepares only what was given a name: whatever else has parameters takes a second round trip and is planned anew
 * every time. Our statements hold no values, so a connection keeps a few dozen. Each counts as waiting until it is answered.
 * With DATABASE_PREPARE=off the driver prepares nothing, whatever a statement asks.
 */
function prepareAndWatch(client: postgres.Sql, silence: SilenceWatch): postgres.Sql {
  const unsafe = client.unsafe.bind(client);
  client.unsafe = (query, parameters, options) =>
    guardStatement(unsafe(query, parameters, { ...options, prepare: true }), silence);
  return new Proxy(client, {
    /** A statement as a template: those that we write have no others inside, which would never end by themselves. */
    apply(tag, self, values) {
      const made = Reflect.apply(tag, self, values);
      return Array.isArray(values[0]) && 'raw' in values[0] ? guardStatement(made, silence) : made;
    },
  });
}

/**
 * Opens a pool. Every connection has statement, lock and idle-transaction timeouts, and the settings that the gateway
 * relies on.
 * @throws DatabaseUrlError
 */
export function openDatabase(options: DatabaseOptions): { db: Database; close: () => Promise<void> } {
  const target = readDatabaseUrl(options.url, options.variable);
  // Longer than a connection may take to come about: whoever waits for that is told so by the driver.
  const longestMs = Math.max(options.statementTimeoutMs, connectTimeoutSeconds(target) * 1000) + ANSWER_MS;
  const silence = watchForSilence(longestMs);
  const client = openDriver(target, {
    poolSize: options.poolSize,
    statementTimeoutMs: options.statementTimeoutMs,
    applicationName: options.applicationName ?? 'portcullis',
    prepare: options.prepare ?? true,
    settingsFrom: options.settingsFrom ?? 'gateway',
    onSocket: silence.watch,
  });
  return {
    db: withSafeTransactions(drizzle(prepareAndWatch(client, silence), { casing: 'snake_case' }), silence),
    close() {
      silence.stop();
      return client.end({ timeout: 5 });
    },
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
