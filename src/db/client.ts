import { connect, type Socket } from 'node:net';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
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
  poolSize: number;
  /** Milliseconds after which Postgres cancels a statement. */
  statementTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
};

/**
 * How long a connection waits after its last failed attempts. Callers wait with it, so this is far below the 20 s of
 * postgres.js; spread out for the sake of a server that is just coming back.
 */
const reconnectDelaySeconds = (attempts: number): number =>
  (0.5 + Math.random() / 2) * Math.min(3 ** attempts / 100, 0.25);

const CONNECT_TIMEOUT_SECONDS = 5;

type Address = { host: string[]; port: number[]; path?: string | undefined };

/** `Z` and its length: with it, and one more byte, ends everything that the server says, its greeting first. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

/**
 * A connection that is an error when it ends before the server was ready, as a proxy ends it whose server is away, or a
 * server that is just stopping: postgres.js would go on trying for ever, without a pause, and its callers would wait.
 */
function openSocket({ host: hosts, port: ports, path }: Address, server: { index: number }): Socket {
  const host = hosts[server.index % hosts.length] ?? 'localhost';
  const port = ports[server.index % ports.length] ?? 5432;
  const socket = path ? connect(path) : connect(port, host);
  // Of several hosts in the URL the next one is tried.
  socket.once('error', () => {
    server.index += 1;
  });
  let isReady = false;
  const look = (bytes: Buffer): void => {
    isReady = bytes.subarray(-6, -1).equals(READY_FOR_QUERY);
    if (isReady) socket.off('data', look);
  };
  socket.on('data', look);
  socket.once('end', () => {
    const code = 'ECONNRESET';
    if (!isReady) socket.destroy(Object.assign(new Error('The database closed the connection.'), { code }));
  });
  // TLS asks for the name that the certificate must have.
  return Object.assign(socket, { host, port });
}

/**
 * Drizzle prepares only what was given a name: whatever else has parameters takes a second round trip and is planned anew
 * every time. Our statements hold no values, so a connection keeps a few dozen. Each counts as waiting until it is answered.
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

export type OpenDatabase = {
  db: Database;
  /** Milliseconds that a statement which comes now would wait for a connection, as far as can be told. */
  queueDelayMs(): number;
  close(): Promise<void>;
};

/** Opens a pool. Every connection has statement, lock and idle-transaction timeouts. */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const server = { index: 0 };
  // Longer than a connection may take to come about: whoever waits for that is told so by the driver.
  const longestMs = Math.max(options.statementTimeoutMs, CONNECT_TIMEOUT_SECONDS * 1000) + ANSWER_MS;
  const silence = watchForSilence(longestMs);
  const open = (address: Address): Socket => {
    const opened = openSocket(address, server);
    silence.watch(opened);
    return opened;
  };
  // The types lack this option.
  const socket: object = { socket: open };
  const client = postgres(options.url, {
    ...socket,
    max: options.poolSize,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: reconnectDelaySeconds,
    onnotice: () => {},
    // Nobody needs the types of arrays, and nobody would catch it if asking for them failed.
    fetch_types: false,
    connection: {
      application_name: options.applicationName ?? 'portcullis',
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: Math.ceil(options.statementTimeoutMs / 2),
      idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
    },
  });
  return {
    db: withSafeTransactions(drizzle(prepareAndWatch(client, silence), { casing: 'snake_case' }), silence),
    queueDelayMs: () => silence.queueDelayMs(options.poolSize),
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
