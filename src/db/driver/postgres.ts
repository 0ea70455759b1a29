import postgres from 'postgres';
import type { DatabaseTarget } from '../../config/database-url.ts';
import { readTlsFiles } from '../../config/tls-files.ts';
import { type SessionOptions, sessionSettings } from '../session.ts';
import { arrayTypes } from './array-types.ts';
import { passwordOption, readOptions } from './environment.ts';
import { NEVER_FULL } from './pipeline.ts';
import { ServerSocket } from './server-socket.ts';
import { pad } from './startup-message.ts';

/** A client of postgres.js: a pool of connections. */
export type Client = postgres.Sql;
/** What a transaction of a client hands to its work. */
export type ClientTransaction = postgres.TransactionSql;

const CONNECT_TIMEOUT_SECONDS = 5;

export const connectTimeoutSeconds = (target: DatabaseTarget): number =>
  target.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS;

/**
 * How long a connection waits after its last failed attempts. Callers wait with it, so this is far below the 20 s of
 * postgres.js; spread out for the sake of a server that is just coming back.
 */
const reconnectDelaySeconds = (attempts: number): number =>
  (0.5 + Math.random() / 2) * Math.min(3 ** attempts / 100, 0.25);

/** Half an hour to an hour, as postgres.js has it. */
const lifetimeSeconds = (): number => 60 * (30 + Math.random() * 30);

export type DriverOptions = SessionOptions & {
  poolSize: number;
  /** Whether the driver may name statements and use them again, which needs a session of its own per connection. */
  prepare: boolean;
  /** Whether parameters may be arrays. By default they may not (`array-types.ts`). */
  arrays?: boolean;
  /** Whether connections stay open. By default the driver replaces them after half an hour to an hour. */
  lasting?: boolean;
  /** Sees every socket that is opened. */
  onSocket?: (socket: ServerSocket) => void;
};

/**
 * A client of postgres.js. It is given every option that it would look up in PG* variables otherwise, and no URL. It
 * connects with the first statement.
 * @throws DatabaseUrlError where a file that the URL names cannot be read
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
