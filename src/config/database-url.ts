import { applyParameter, type DatabaseUrlParts, UrlProblem } from './database-url-parameters.ts';

/**
 * What libpq's `sslmode` says. `allow` is read as `prefer`, which is also the default: it encrypts where the server can,
 * checks no certificate, and goes on without TLS where the server has none.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

type TlsSettings = Readonly<{
  mode: TlsMode;
  /** Path of the certificates that are trusted; null: those that Node.js brings along. */
  rootCertificatePath: string | null;
  /** Paths of the gateway's own certificate and its key; null: it shows none. */
  certificatePath: string | null;
  keyPath: string | null;
  keyPassword: string | null;
  minVersion: TlsVersion | null;
  maxVersion: TlsVersion | null;
}>;

/** A database and how to connect to it. Both drivers are told this and nothing else. */
export type DatabaseTarget = Readonly<{
  /** The environment variable that named it, for messages. */
  variable: string;
  /** A name, an address without brackets, or the folder of a Unix socket. */
  host: string;
  port: number;
  /** Null for TCP. */
  socketPath: string | null;
  user: string;
  /** Empty where the server asks for none. */
  password: string;
  database: string;
  tls: TlsSettings;
  /** Shown in pg_stat_activity; null: the gateway's own name. */
  applicationName: string | null;
  /** Null: the gateway's own. */
  connectTimeoutSeconds: number | null;
  /** Settings of the session, from `options=-c name=value`. */
  settings: Readonly<Record<string, string>>;
  /** Whether `pgbouncer=true` says that a pooler is in between which keeps no prepared statements. */
  behindPgBouncer: boolean;
}>;

/** A URL that is not usable. The message names the variable and what to change. It holds no part of the URL but the name of a parameter. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
  /** The message without the variable's name. */
  readonly problem: string;
  constructor(variable: string, problem: string) {
    super(`${variable}: ${problem}`);
    this.problem = problem;
  }
}

const EXAMPLE = 'postgres://user:password@host:5432/database';
const DEFAULT_PORT = '5432';
const MAX_SOCKET_PATH_BYTES = 107;

function decode(text: string, what: string): string {
  if (/%(?![0-9a-f]{2})/i.test(text))
    throw new UrlProblem(`the ${what} has a % without two hexadecimal digits behind it: write a % as %25`);
  if (text.includes('%00')) throw new UrlProblem(`the ${what} holds %00, which Postgres cannot take`);
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlProblem(`the ${what} is not UTF-8: percent-encode its UTF-8 bytes`);
  }
}

type Pieces = { login: string | null; place: string; database: string; query: string | null };

/** `login@place/database?query`. A login ends at the last `@`, so that `@`, `?` and `#` in a password do no harm. */
function takeApart(rest: string): Pieces {
  const hasLogin = rest[rest.search(/[@/]/)] === '@';
  const place = hasLogin ? rest.indexOf('@') : 0;
  const length = rest.slice(place).search(/[/?]/);
  const end = length === -1 ? rest.length : place + length;
  const authority = rest.slice(0, end);
  // Before anything is read of what may be the rest of a password.
  if (rest.slice(end).includes('@'))
    throw new UrlProblem(
      'there is an @ behind the first /: write a / in the user or the password as %2F, and an @ behind the host as %40',
    );
  const at = authority.lastIndexOf('@');
  const [path = '', ...query] = rest.slice(end).split('?');
  return {
    login: at === -1 ? null : authority.slice(0, at),
    place: authority.slice(at + 1),
    database: path.slice(1),
    query: query.length === 0 ? null : query.join('?'),
  };
}

/** `host:port`, `[address]:port`, or an encoded folder. */
function readPlace(place: string, parts: DatabaseUrlParts): void {
  if (place.includes(',')) throw new UrlProblem(SEVERAL_HOSTS);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(place);
  if (bracketed === null && /[[\]]/.test(place))
    throw new UrlProblem('an IPv6 address stands in brackets alone, such as [::1]:5432');
  const [host = '', port, ...more] = bracketed === null ? place.split(':') : bracketed.slice(1);
  if (more.length > 0) throw new UrlProblem('an IPv6 address needs brackets, such as [::1]:5432');
  parts.host = decode(host, 'host');
  if (port !== undefined && port !== '') parts.port = decode(port, 'port');
}

function readQuery(query: string, parts: DatabaseUrlParts): void {
  const seen = new Set<string>();
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [name = '', value, ...more] = pair.split('=').map((each) => decode(each, 'list of parameters'));
    if (value === undefined || more.length > 0)
      throw new UrlProblem('a parameter is not name=value: write = and & in a value as %3D and %26');
    if (seen.has(name)) throw new UrlProblem(`${name} is there twice`);
    seen.add(name);
    applyParameter(name, value, parts);
  }
}

const SEVERAL_HOSTS =
  'several hosts are not supported. Name one that leads to the primary: a virtual address, or a proxy such as HAProxy or PgBouncer';

function readHost(host: string): string {
  if (host === '')
    throw new UrlProblem(
      'names no host. Write one, or ?host=/var/run/postgresql for the socket in that folder',
    );
  if (host.includes(',')) throw new UrlProblem(SEVERAL_HOSTS);
  if (!/^\/|^[^\s/@\\?#[\]]+$/.test(host))
    throw new UrlProblem('the host is neither a name nor an address nor the folder of a socket');
  return host;
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new UrlProblem('the port is not a number from 1 to 65535');
  return port;
}

function required(value: string | null, what: string): string {
  if (value === null || value === '') throw new UrlProblem(`names no ${what}, as in ${EXAMPLE}`);
  return value;
}

/** @throws UrlProblem where two parameters do not go together */
function readTls({ tls }: DatabaseUrlParts): TlsSettings {
  const isSystem = tls.rootCertificate === 'system';
  const mode = tls.mode ?? (isSystem ? 'verify-full' : 'prefer');
  if (isSystem && mode !== 'verify-full')
    throw new UrlProblem(
      'sslrootcert=system needs sslmode=verify-full, which checks the host’s name as well',
    );
  if (tls.rootCertificate !== null && (mode === 'prefer' || mode === 'disable'))
    throw new UrlProblem(
      'sslrootcert needs sslmode=verify-full (or verify-ca): without it nothing is checked',
    );
  if (tls.rootCertificate === null && mode === 'verify-ca')
    throw new UrlProblem(
      'sslmode=verify-ca needs sslrootcert; or take verify-full, for certificates of public authorities',
    );
  if ((tls.certificatePath === null) !== (tls.keyPath === null))
    throw new UrlProblem('sslcert and sslkey go together');
  return {
    // As libpq has it: with an authority to check against, `require` checks.
    mode: mode === 'require' && tls.rootCertificate !== null ? 'verify-ca' : mode,
    rootCertificatePath: isSystem ? null : tls.rootCertificate,
    certificatePath: tls.certificatePath,
    keyPath: tls.keyPath,
    keyPassword: tls.keyPassword,
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
  };
}

/** @throws UrlProblem if it is not a URL of a Postgres database */
function readScheme(url: string): string {
  if (/^\s*\w+\s*=/.test(url)) throw new UrlProblem(`is a list of key words. Write a URL, as in ${EXAMPLE}`);
  const scheme = /^postgres(?:ql)?:\/\//i.exec(url);
  if (scheme === null) throw new UrlProblem(`must be a postgres URL, as in ${EXAMPLE}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression looks for them
  if (/[\u0000-\u001f\u007f]/.test(url))
    throw new UrlProblem('holds a line break or another control character');
  return url.slice(scheme[0].length);
}

function readTarget(url: string, variable: string): DatabaseTarget {
  const { login, place, database, query } = takeApart(readScheme(url));
  const parts: DatabaseUrlParts = {
    ...{ host: '', port: DEFAULT_PORT, user: null, password: '', database: decode(database, 'database') },
    tls: {
      ...{ mode: null, rootCertificate: null, certificatePath: null, keyPath: null, keyPassword: null },
      ...{ minVersion: null, maxVersion: null },
    },
    ...{ applicationName: null, connectTimeoutSeconds: null, settings: {}, behindPgBouncer: false },
  };
  if (login !== null) {
    const [user = '', ...password] = login.split(':');
    parts.user = decode(user, 'user');
    parts.password = decode(password.join(':'), 'password');
  }
  readPlace(place, parts);
  if (query !== null) readQuery(query, parts);
  const host = readHost(parts.host);
  const port = readPort(parts.port);
  const socketPath = host.startsWith('/') ? `${host.replace(/\/+$/, '')}/.s.PGSQL.${port}` : null;
  if (socketPath !== null && Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES)
    throw new UrlProblem(`the path of the socket is longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
  const { applicationName, connectTimeoutSeconds, settings, behindPgBouncer, password } = parts;
  return {
    ...{ variable, host, port, socketPath, password },
    user: required(parts.user, 'user'),
    database: required(parts.database, 'database'),
    tls: readTls(parts),
    ...{ applicationName, connectTimeoutSeconds, settings, behindPgBouncer },
  };
}

/**
 * Reads the URL of a database as libpq does. Nothing else counts: no PG* variable, no password file, no service file, no
 * default of the operating system. What the gateway cannot do is refused by name.
 *
 * @param variable the environment variable that holds the URL, for messages
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 * @throws DatabaseUrlError
 */
export function readDatabaseUrl(url: string, variable = 'DATABASE_URL'): DatabaseTarget {
  try {
    return readTarget(url.trim(), variable);
  } catch (error) {
    if (!(error instanceof UrlProblem)) throw error;
    throw new DatabaseUrlError(variable, `${error.message}.`);
  }
}
