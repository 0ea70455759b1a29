import { type DatabaseTarget, readDatabaseUrl } from '../config/database-url.ts';
import { ConfigError } from '../config/read-config.ts';
import {
  CHECKED_SETTINGS,
  PINNED_SETTINGS,
  TIMEOUT_SETTINGS,
  timeoutSettings,
} from '../config/session-settings.ts';
import type { Log } from '../log.ts';
import { connectPg, type PgClient } from './driver/pg.ts';
import { TlsProblem } from './driver/server-tls.ts';
import { keepsPreparedStatements } from './pooler.ts';
import type { SessionOptions, SettingsFrom } from './session.ts';

/** A database, and how its connections are used. */
export type DatabaseAccess = Readonly<{
  url: string;
  /** The environment variable that named it, for messages. */
  variable: string;
  /** Whether statements may be prepared under a name. */
  prepare: boolean;
  settingsFrom: SettingsFrom;
}>;

const OLDEST_VERSION = 14;
/** SQLSTATE: Postgres does not know a startup parameter or its value, or does not permit it. */
const REFUSED_SETTINGS = new Set(['42704', '22023', '42501', '42602']);
/** The words of PgBouncer, which Neon uses too, and of Amazon RDS Proxy. */
const POOLER_REFUSES = /unsupported startup parameter|support the option/i;

type Failure = { code?: unknown; message?: unknown };

const refusesSettings = (error: unknown): boolean => {
  const { code, message } = error as Failure;
  return POOLER_REFUSES.test(String(message)) || REFUSED_SETTINGS.has(String(code));
};

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

type Session = {
  version: number;
  encoding: string;
  /** The role that logs in, and its database. */
  role: string;
  database: string;
  databaseId: string;
  settings: ReadonlyMap<string, string>;
};

async function readSession(client: PgClient): Promise<Session> {
  const names = [...PINNED_SETTINGS, ...CHECKED_SETTINGS].map(({ name }) => name);
  // Without parameters it takes one round trip, which every pooler passes on.
  const list = [...names, ...TIMEOUT_SETTINGS].map((name) => `'${name}'`).join(', ');
  const { rows } = await client.query(`
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
      session_user::text as role, current_database()::text as database,
      (select oid::text from pg_catalog.pg_database where datname = current_database()) as "databaseId",
      (select json_object_agg(name, setting) from pg_catalog.pg_settings where name in (${list})) as settings`);
  const [row = {}] = rows;
  return {
    ...(row as Omit<Session, 'settings'>),
    settings: new Map(Object.entries((row.settings ?? {}) as Record<string, string>)),
  };
}

/** Checks the server. @throws ConfigError if it is too old, or stores texts in another encoding */
function requireServer({ version, encoding }: Session, variable: string): void {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_VERSION)
    throw new ConfigError([
      `${variable}: the server is Postgres ${major}. The gateway needs ${OLDEST_VERSION} or newer.`,
    ]);
  if (encoding !== 'UTF8')
    throw new ConfigError([
      `${variable}: the database keeps texts as ${encoding}, which cannot hold every name and address. Use one that was made with: create database … encoding 'UTF8' template template0;`,
    ]);
}

type Wanted = { variable: string; statementTimeoutMs: number; log?: Log };

/** Returns the statement that gives a role’s sessions a setting. It overrides every other place of the value. */
const alterRole = ({ role, database }: Session, name: string, value: string): string =>
  `alter role ${quoted(role)} in database ${quoted(database)} set ${name} = ${name === 'search_path' ? value : `'${value}'`};`;

/**
 * Compares the settings of a session with those that the gateway relies on.
 * @throws ConfigError with the SQL that corrects them
 */
function requireSettings(session: Session, { variable, statementTimeoutMs, log }: Wanted): void {
  const problems: string[] = [];
  const statements: string[] = [];
  for (const { name, value, accepts, tolerates, reason } of [...PINNED_SETTINGS, ...CHECKED_SETTINGS]) {
    const real = session.settings.get(name);
    if (real === undefined || real === value || accepts?.(real)) continue;
    const statement = alterRole(session, name, value);
    if (tolerates?.(real)) statements.push(`${statement} -- ${reason}`);
    else
      problems.push(
        `${variable}: ${name} is ${real} in its sessions and must be ${value}. (${reason}) Run this, then let a pooler reconnect: ${statement}`,
      );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  for (const [name, value] of Object.entries(timeoutSettings(statementTimeoutMs)))
    if (session.settings.get(name) === '0')
      statements.push(`${alterRole(session, name, `${value}ms`)} -- Postgres gives up what hangs.`);
  if (statements.length > 0)
    log?.warn(
      { variable, statements },
      'A pooler takes no settings from the gateway. The gateway works; these statements make it safer.',
    );
}

type Connected = { client: PgClient; session: SessionOptions & { settingsFrom: SettingsFrom } };

/** Connects with all settings. If they are refused, with those that a pooler keeps. If those are refused too, without settings. */
async function connect(target: DatabaseTarget, options: SessionOptions): Promise<Connected> {
  let refusal: unknown;
  for (const settingsFrom of ['gateway', 'pooler', 'role'] as const)
    try {
      const session = { ...options, settingsFrom };
      const client = await connectPg(target, session);
      if (refusal === undefined || Object.keys(target.settings).length === 0) return { client, session };
      await client.end();
      break;
    } catch (error) {
      if (!refusesSettings(error)) throw inWords(error, target);
      refusal ??= error;
    }
  const own = Object.keys(target.settings).join(', ');
  if (own === '') throw refusal;
  throw new ConfigError([
    `${target.variable}: the settings in its options (${own}) were refused: ${(refusal as Error).message}.`,
  ]);
}

/** Explains an error that an operator can fix. */
function inWords(error: unknown, { variable, password }: DatabaseTarget): unknown {
  if (error instanceof TlsProblem) return new ConfigError([error.message]);
  if (password === '' && /password/.test(String((error as Failure).message)))
    return new ConfigError([`${variable}: the server asks for a password, and the URL has no password.`]);
  return error;
}

export type InspectionOptions = { statementTimeoutMs: number; applicationName?: string; log?: Log };

type Inspected = DatabaseAccess & { databaseId: string };

/**
 * Checks whether the gateway can work with a database, and how. The server must be new enough and store texts in UTF-8. The
 * settings of a session must be right. If prepared statements are used, they must last.
 * @throws ConfigError saying what to change; the driver's error if the database cannot be reached
 */
export async function inspectDatabase(
  access: Omit<DatabaseAccess, 'settingsFrom'>,
  options: InspectionOptions,
): Promise<Inspected> {
  const { statementTimeoutMs, applicationName = 'portcullis', log } = options;
  const { variable, prepare } = access;
  const target = readDatabaseUrl(access.url, variable);
  const { client, session } = await connect(target, { applicationName, statementTimeoutMs });
  try {
    const real = await readSession(client);
    requireServer(real, variable);
    requireSettings(real, { variable, statementTimeoutMs, ...(log && { log }) });
    if (prepare && !(await keepsPreparedStatements(client, () => connectPg(target, session))))
      throw new ConfigError([`${variable}: ${LOSES_STATEMENTS}`]);
    return {
      ...access,
      settingsFrom: session.settingsFrom,
      databaseId: `${real.databaseId} ${real.database}`,
    };
  } finally {
    await client.end();
  }
}

const LOSES_STATEMENTS =
  'a pooler gives every transaction another session, and prepared statements do not last there. Set DATABASE_PREPARE=off, and DATABASE_DIRECT_URL to a connection past the pooler. Or let the pooler keep them (PgBouncer 1.21 or newer: max_prepared_statements = 200) or give whole sessions (pool_mode = session).';

type DatabaseSettings = {
  url: string;
  directUrl: string | null;
  prepare: boolean | null;
  statementTimeoutMs: number;
};

/**
 * Inspects the database that requests use, and the direct connection to it. Without `directUrl` both are the same.
 * @throws ConfigError saying what to change; the driver's error if the database cannot be reached
 */
export async function inspectDatabases(
  { url, directUrl, prepare, statementTimeoutMs }: DatabaseSettings,
  log?: Log,
): Promise<{ pooled: DatabaseAccess; direct: DatabaseAccess }> {
  const options = { statementTimeoutMs, ...(log && { log }) };
  const pooled = await inspectDatabase(
    {
      url,
      variable: 'DATABASE_URL',
      prepare: prepare ?? !readDatabaseUrl(url).behindPgBouncer,
    },
    options,
  );
  if (directUrl === null) return { pooled, direct: pooled };
  const direct = await inspectDatabase(
    { url: directUrl, variable: 'DATABASE_DIRECT_URL', prepare: true },
    options,
  );
  if (direct.databaseId !== pooled.databaseId)
    throw new ConfigError(['DATABASE_DIRECT_URL: it leads to another database than DATABASE_URL.']);
  return { pooled, direct };
}
