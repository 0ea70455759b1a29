import { applyParameter, type DatabaseUrlParts, UrlProblem } from './database-url-parameters.ts';

/**
 * Values of libpq's `sslmode`. `allow` is read as `prefer`, the default: it uses TLS if the server offers it, and checks no
 * certificate.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

type TlsSettings = Readonly<{
  mode: TlsMode;
  /** Path of the trusted certificates; null: those of Node.js. */
  rootCertificatePath: string | null;
  /** Path of the gateway's own certificate, and below that of its key; null: the gateway has no certificate. */
  certificatePath: string | null;
  keyPath: string | null;
  keyPassword: string | null;
  minVersion: TlsVersion | null;
  maxVersion: TlsVersion | null;
}>;

/** A database and how to connect to it. Both drivers read only this. */
export type DatabaseTarget = Readonly<{
  /** The environment variable that held the URL, for messages. */
  variable: string;
  /** A host name, an address without brackets, or the folder of a Unix socket. */
  host: string;
  port: number;
  /** Null for TCP. */
  socketPath: string | null;
  user: string;
  /** Empty if the server does not ask for a password. */
  password: string;
  database: string;
  tls: TlsSettings;
  /** The name in pg_stat_activity; null: the gateway's default. */
  applicationName: string | null;
  /** Null: the gateway's default. */
  connectTimeoutSeconds: number | null;
  /** Settings of the session that `options=-c name=value` names. */
  settings: Readonly<Record<string, string>>;
  /** Whether the URL has `pgbouncer=true`: a pooler that does not keep prepared statements. */
  behindPgBouncer: boolean;
}>;

/** Says why a URL is not usable, and what to change. It quotes nothing of the URL but the name of a parameter. */
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
    throw new UrlProblem(`the ${what} has a % without two hexadecimal digits after it: write a % as %25`);
  if (text.includes('%00')) throw new UrlProblem(`the ${what} holds %00, which Postgres cannot take`);
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlProblem(`the ${what} is not UTF-8: percent-encode its UTF-8 bytes`);
  }
}

type Pieces = { login: string | null; place: string; database: string; query: string | null };

/** Splits `login@place/database?query`. A login ends at the last `@`, so that a password may contain `@`, `?` and `#`. */
function takeApart(rest: string): Pieces {
  const hasLogin = rest[rest.search(/[@/]/)] === '@';
  const place = hasLogin ? rest.indexOf('@') : 0;
  const length = rest.slice(place).search(/[/?]/);
  const end = length === -1 ? rest.length : place + length;
  const authority = rest.slice(0, end);
  // Checked first: the rest may belong to the password, and messages must not quote it.
  if (rest.slice(end).includes('@'))
    throw new UrlProblem(
      'an @ follows the first /: write a / in the user or the password as %2F, and an @ after the host as %40',
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

/** Reads `host:port`, `[address]:port`, or an encoded folder. */
function readPlace(place: string, parts: DatabaseUrlParts): void {
  if (place.includes(',')) throw new UrlProblem(SEVERAL_HOSTS);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(place);
  if (bracketed === null && /[[\]]/.test(place))
    throw new UrlProblem('brackets enclose an IPv6 address and nothing else, as in [::1]:5432');
  const [host = '', port, ...more] = bracketed === null ? place.split(':') : bracketed.slice(1);
  if (more.length > 0) throw new UrlProblem('an IPv6 address needs brackets, as in [::1]:5432');
  parts.host = decode(host, 'host');
  if (port !== undefined && port !== '') parts.port = decode(port, 'port');
}

function readQuery(query: string, parts: DatabaseUrlParts): void {
  const seen = new Set<string>();
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [name = '', value, ...more] = pair.split('=').map((each) => decode(each, 'list of parameters'));
    if (value === undefined || more.length > 0)
      throw new UrlProblem('a parameter is not name=value: write = and & in a value as %3D and %26');
    if (seen.has(name)) throw new UrlProblem(`the URL has ${name} twice`);
    seen.add(name);
    applyParameter(name, value, parts);
  }
}

const SEVERAL_HOSTS =
  'several hosts are not supported. Name one that leads to the primary: a virtual address, or a proxy like HAProxy or PgBouncer';

function readHost(host: string): string {
  if (host === '')
    throw new UrlProblem(
      'names no host. Write one, or ?host=/var/run/postgresql for the socket in that folder',
    );
  if (host.includes(',')) throw new UrlProblem(SEVERAL_HOSTS);
  if (!/^\/|^[^\s/@\\?#[\]]+$/.test(host))
    throw new UrlProblem('the host is not a name, an address or the folder of a socket');
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

/** @throws UrlProblem if two parameters contradict each other */
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
      'sslmode=verify-ca needs sslrootcert. For certificates of public authorities, set verify-full',
    );
  if ((tls.certificatePath === null) !== (tls.keyPath === null))
    throw new UrlProblem('sslcert and sslkey need each other');
  return {
    // Like libpq: with a root certificate, `require` checks the server's certificate.
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
 * Reads the URL of a database as libpq does, and nothing else: no PG* variable, no password file, no service file, no default
 * of the operating system. It names a parameter that the gateway does not support.
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
