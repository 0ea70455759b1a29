import type { TlsMode, TlsVersion } from './database-url.ts';
import { isOwnSetting } from './session-settings.ts';

/** Says why a URL is not usable. It quotes nothing of the URL but the name of a parameter. */
export class UrlProblem extends Error {}

/** The parts of a URL that are read so far. A parameter replaces a part from before the question mark. */
export type DatabaseUrlParts = {
  host: string;
  port: string;
  user: string | null;
  password: string;
  database: string;
  tls: {
    mode: TlsMode | null;
    /** A path, or `system`. */
    rootCertificate: string | null;
    certificatePath: string | null;
    keyPath: string | null;
    keyPassword: string | null;
    minVersion: TlsVersion | null;
    maxVersion: TlsVersion | null;
  };
  applicationName: string | null;
  connectTimeoutSeconds: number | null;
  settings: Record<string, string>;
  behindPgBouncer: boolean;
};

/** Applies a parameter's value. If it cannot, it returns the end of a sentence that begins with the parameter's name. */
type Rule = (value: string, parts: DatabaseUrlParts) => string | undefined;

const MAX_CONNECT_TIMEOUT_SECONDS = 60;
const ON = new Set(['1', 'true', 'on', 'yes']);
const OFF = new Set(['0', 'false', 'off', 'no']);

/** Accepts any value, since the parameter changes nothing for the gateway. */
const harmless: Rule = () => {};
/** Accepts only these values: the gateway does what they say in any case. */
const only =
  (values: readonly string[], otherwise: string): Rule =>
  (value) =>
    values.includes(value.toLowerCase()) ? undefined : otherwise;
const refused =
  (reason: string): Rule =>
  () =>
    reason;

const sets =
  (name: 'host' | 'port' | 'user' | 'password' | 'database'): Rule =>
  (value, parts) => {
    parts[name] = value;
  };

const MODES: Record<string, TlsMode> = {
  disable: 'disable',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
  // A value of node-postgres: it encrypts, and checks no certificate.
  'no-verify': 'require',
};

const sslmode: Rule = (value, { tls }) => {
  const mode = MODES[value];
  if (mode === undefined) return 'is not disable, allow, prefer, require, verify-ca or verify-full';
  if (tls.mode !== null && tls.mode !== mode) return 'and ssl contradict each other';
  tls.mode = mode;
};

/** Not a parameter of libpq. In this gateway, true has always meant that the certificate is checked. */
const ssl: Rule = (value, parts) => {
  const mode = ON.has(value) ? 'verify-full' : OFF.has(value) ? 'disable' : value;
  return sslmode(mode, parts) === undefined ? undefined : 'is not true or false: write sslmode instead';
};

const path =
  (name: 'rootCertificate' | 'certificatePath' | 'keyPath'): Rule =>
  (value, { tls }) => {
    tls[name] = value;
  };

const tlsVersion =
  (name: 'minVersion' | 'maxVersion'): Rule =>
  (value, { tls }) => {
    if (value !== 'TLSv1.2' && value !== 'TLSv1.3') return 'is not TLSv1.2 or TLSv1.3';
    tls[name] = value;
  };

const connectTimeout: Rule = (value, parts) => {
  const seconds = Number(value);
  if (!/^\d{1,9}$/.test(value) || seconds < 1 || seconds > MAX_CONNECT_TIMEOUT_SECONDS)
    return `is not a number of seconds from 1 to ${MAX_CONNECT_TIMEOUT_SECONDS}`;
  parts.connectTimeoutSeconds = seconds;
};

/** Reads `-c name=value`, `-cname=value` and `--name=value` as Postgres does. A backslash escapes the next character. */
const options: Rule = (value, parts) => {
  const words = [...value.matchAll(/(?:\\[\s\S]|[^\\\s])+/g)].map(([word]) =>
    word.replaceAll(/\\([\s\S])/g, '$1'),
  );
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const setting = word === '-c' ? (words[++at] ?? '') : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, set] = /^([a-z_][\w.-]*)=(.*)$/is.exec(setting ?? '') ?? [];
    if (name === undefined || set === undefined)
      return 'may hold only -c name=value: take the rest out (Neon’s endpoint too: the gateway sends the host’s name)';
    const key = name.replaceAll('-', '_');
    if (isOwnSetting(key)) return `sets ${key}, which the gateway sets itself: take it out`;
    parts.settings[key] = set;
  }
};

const POOL_SIZE = 'is not read here: take it out, and set DATABASE_POOL_SIZE';
const TIMEOUT = 'is not read here: take it out, and set DATABASE_STATEMENT_TIMEOUT_MS';
const PREPARE = 'is not read here: take it out, and set DATABASE_PREPARE to on or off';
const SCHEMA = 'has no meaning here, since the gateway’s schemas have fixed names: take it out';
const TLS_OF_OTHERS = 'is not read here: take it out, and write sslmode and sslrootcert';
const ELSEWHERE = 'is not supported: the gateway reads only the URL. Write it into the URL';
const ONE_HOST = 'is not supported: write the address as the host';

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  // A part from before the question mark may also be a parameter.
  ['host', sets('host')],
  ['port', sets('port')],
  ['user', sets('user')],
  ['password', sets('password')],
  ['dbname', sets('database')],
  // TLS
  ['sslmode', sslmode],
  ['ssl', ssl],
  ['sslrootcert', path('rootCertificate')],
  ['sslcert', path('certificatePath')],
  ['sslkey', path('keyPath')],
  [
    'sslpassword',
    (value, { tls }) => {
      tls.keyPassword = value;
    },
  ],
  ['ssl_min_protocol_version', tlsVersion('minVersion')],
  ['ssl_max_protocol_version', tlsVersion('maxVersion')],
  ['sslcompression', only(['0'], 'is not supported: take it out')],
  ['sslsni', only(['1'], 'is not supported: take it out')],
  ['sslnegotiation', only(['postgres'], 'is not supported but for postgres: take it out')],
  ['sslcertmode', only(['allow', 'disable'], 'is not supported but for allow and disable: take it out')],
  ['sslcrl', refused('is not supported: take it out')],
  ['sslcrldir', refused('is not supported: take it out')],
  [
    'channel_binding',
    only(
      ['disable', 'prefer'],
      'cannot be required here. Take it out, and set sslmode=verify-full, which checks the server’s certificate',
    ),
  ],
  ['gssencmode', only(['disable', 'prefer'], 'cannot be required here: take it out')],
  ['krbsrvname', harmless],
  ['gsslib', harmless],
  ['gssdelegation', only(['0'], 'is not supported: take it out')],
  ['require_auth', refused('is not supported: take it out')],
  ['requirepeer', refused('is not supported: take it out')],
  // The connection
  ['connect_timeout', connectTimeout],
  [
    'application_name',
    (value, parts) => {
      parts.applicationName = value;
    },
  ],
  ['fallback_application_name', harmless],
  ['client_encoding', only(['utf8', 'utf-8', 'unicode', 'auto'], 'must be UTF8')],
  ['options', options],
  [
    'target_session_attrs',
    only(['any', 'read-write', 'primary'], 'must be read-write or any: the gateway writes'),
  ],
  ['load_balance_hosts', harmless],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'].map(
    (name): [string, Rule] => [name, harmless],
  ),
  ['replication', only(['false', 'off', 'no', '0'], 'is not supported: take it out')],
  ['min_protocol_version', only(['3.0'], 'must be 3.0')],
  ['max_protocol_version', harmless],
  ['hostaddr', refused(ONE_HOST)],
  ['service', refused(ELSEWHERE)],
  ['servicefile', refused(ELSEWHERE)],
  ['passfile', refused(ELSEWHERE)],
  // Parameters of other tools
  [
    'pgbouncer',
    (value, parts) => {
      parts.behindPgBouncer = ON.has(value);
    },
  ],
  ['supa', harmless],
  ['uselibpqcompat', harmless],
  ...['schema', 'currentSchema', 'search_path'].map((name): [string, Rule] => [name, refused(SCHEMA)]),
  ...['connection_limit', 'max', 'pool', 'pool_size', 'pool_max_conns', 'max_connections'].map(
    (name): [string, Rule] => [name, refused(POOL_SIZE)],
  ),
  ...[
    ...[
      'pool_timeout',
      'socket_timeout',
      'statement_timeout',
      'lock_timeout',
      'query_timeout',
      'command_timeout',
    ],
    ...['idle_in_transaction_session_timeout', 'idle_timeout'],
  ].map((name): [string, Rule] => [name, refused(TIMEOUT)]),
  ...[
    ...['prepare', 'prepared_statements', 'prepareThreshold', 'statement_cache_size', 'statement_cache_mode'],
    ...['prepared_statement_cache_size', 'default_query_exec_mode', 'binary_parameters'],
  ].map((name): [string, Rule] => [name, refused(PREPARE)]),
  ...['sslaccept', 'sslidentity', 'sslfactory'].map((name): [string, Rule] => [name, refused(TLS_OF_OTHERS)]),
]);

/** Returns the name if a message may quote it: anything else may be a part of a password. */
const shown = (name: string): string | null => (/^[a-z][a-z_.-]{0,40}$/i.test(name) ? name : null);

/** @throws UrlProblem if the gateway cannot do what the parameter asks */
export function applyParameter(name: string, value: string, parts: DatabaseUrlParts): void {
  const rule = RULES.get(name);
  if (rule === undefined)
    throw new UrlProblem(
      `the gateway does not know the parameter ${shown(name) ?? 'in it'}: take it out. A setting of Postgres is written as options=-c%20name%3Dvalue`,
    );
  // Like libpq: a template may leave a value empty.
  if (value === '') return;
  const problem = rule(value, parts);
  if (problem !== undefined) throw new UrlProblem(`${name} ${problem}`);
}
