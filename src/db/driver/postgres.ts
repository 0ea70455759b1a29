import postgres from 'postgres';
import type { DatabaseTarget } from '../../config/database-url.ts';
import { readTlsFiles } from '../../config/tls-files.ts';
import { type SessionOptions, sessionSettings } from '../session.ts';
import { arrayTypes } from './array-types.ts';
import { passwordOption, readOptions } from './environment.ts';
import { NEVER_FULL } from './pipeline.ts';
import { ServerSocket } from './server-socket.ts';
import { pad } from './startup-message.ts';

/** A client of postgres.js, which is a pool of connections. */
export type Client = postgres.Sql;
/** A transaction of a client, as its work gets it. */
export type ClientTransaction = postgres.TransactionSql;
/** A client or one of its transactions, for single statements. */
export type StatementClient = postgres.ISql;

const CONNECT_TIMEOUT_SECONDS = 5;

export const connectTimeoutSeconds = (target: DatabaseTarget): number =>
  target.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS;

/**
 * Returns how long a connection waits after failed attempts. Callers wait too, so this is far below the 20 s of postgres.js.
 * The time is random, so that not all connections come at once to a server that has just started.
 */
const reconnectDelaySeconds = (attempts: number): number =>
  (0.5 + Math.random() / 2) * Math.min(3 ** attempts / 100, 0.25);

/** Returns half an hour to an hour, like postgres.js. */
const lifetimeSeconds = (): number => 60 * (30 + Math.random() * 30);

export type DriverOptions = SessionOptions & {
  poolSize: number;
  /** Whether the driver may prepare statements under a name. That needs one session per connection. */
  prepare: boolean;
  /** Whether parameters may be arrays. By default they may not (`array-types.ts`). */
  arrays?: boolean;
  /** Whether connections stay open. By default the driver replaces them after half an hour to an hour. */
  lasting?: boolean;
  /** Gets every socket that is opened. */
  onSocket?: (socket: ServerSocket) => void;
};

/**
 * Opens a client of postgres.js. The client gets no URL. It gets every option that it would read from PG* variables otherwise.
 * It connects with the first statement.
 * @throws DatabaseUrlError if a file that the URL names cannot be read
 */
export function openDriver(target: DatabaseTarget, options: DriverOptions): Client {
  const files = readTlsFiles(target);
  const given: object = {
    ...{ host: [target.host], port: [target.port], path: target.socketPath ?? false },
    ...{ user: target.user, pass: passwordOption(target), database: target.database },
    // The socket does TLS.
    ...{ ssl: false, sslnegotiation: null },
    socket: () => {
      const socket = new ServerSocket(target, files).connect();
      options.onSocket?.(socket);
      return socket;
    },
    max: options.poolSize,
    prepare: options.prepare,
    connect_timeout: connectTimeoutSeconds(target),
    backoff: reconnectDelaySeconds,
    ...{ max_lifetime: options.lasting ? null : lifetimeSeconds, idle_timeout: null },
    ...{ max_pipeline: NEVER_FULL, keep_alive: 60 },
    ...{ debug: false, publications: 'alltables', onnotice: () => {} },
    ...arrayTypes(options.arrays ?? false),
    connection: pad(sessionSettings(target, options)),
  };
  return postgres(readOptions(given));
}
