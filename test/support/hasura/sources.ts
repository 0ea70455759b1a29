import postgres from 'postgres';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import type { Note } from './inconsistency.ts';
import { printJson } from './json.ts';
import type { Source } from './metadata-types.ts';
import { createNaming } from './naming.ts';
import { type EngineEnvironment, fromEnvironment } from './remote-schema.ts';
import type { Tables } from './table-access.ts';

/** The engine's connections to the databases of its sources. */
export type Connections = { open(url: string): postgres.Sql; close(): Promise<void> };

export function openConnections(): Connections {
  const open = new Map<string, postgres.Sql>();
  return {
    open(url) {
      const sql =
        open.get(url) ??
        // A fault of the stand-in must not make a test wait for a lock of its own.
        postgres(url, {
          ...{ max: 2, onnotice: () => {}, connect_timeout: 5, connection: { lock_timeout: 10_000 } },
        });
      open.set(url, sql);
      return sql;
    },
    close: async () => void (await Promise.all([...open.values()].map((sql) => sql.end({ timeout: 5 })))),
  };
}

/** A source that answers, with the tables in it that are tracked. */
export type OpenSource = Tables & { name: string; sql: postgres.Sql; namespace: string | null };

/** The tables of a database as they were last read, or the error of that. */
type Reading = { of: string } & ({ sql: postgres.Sql; catalogue: Catalogue } | { error: Error });
export type Readings = ReadonlyMap<string, Reading>;

type DatabaseUrl = string | { from_env?: string; connection_parameters?: Record<string, string | number> };

function databaseUrl({ configuration }: Source, env: EngineEnvironment): string {
  const { database_url: given } = configuration.connection_info as { database_url: DatabaseUrl };
  if (typeof given === 'string') return given;
  if (given.from_env !== undefined) return fromEnvironment(env, given.from_env);
  const {
    username = '',
    password = '',
    host = '',
    port = 5432,
    database = '',
  } = given.connection_parameters ?? {};
  return `postgres://${username}:${password}@${host}:${port}/${database}`;
}

async function read(source: Source, env: EngineEnvironment, connections: Connections): Promise<Reading> {
  const of = printJson(source.configuration);
  try {
    const sql = connections.open(databaseUrl(source, env));
    return { of, sql, catalogue: await readCatalogue(sql) };
  } catch (error) {
    return { of, error: error as Error };
  }
}

/** The engine serves Postgres; the stand-in keeps sources of other kinds without serving them. */
const isServed = ({ kind }: Source): boolean => ['postgres', 'citus', 'cockroach'].includes(kind);

/** Reads the sources whose name or connection is new, and those to read again. */
export async function readSources(
  sources: readonly Source[],
  { env, connections }: { env: EngineEnvironment; connections: Connections },
  { readings, again }: { readings: Readings; again: readonly string[] },
): Promise<Readings> {
  const found = new Map<string, Reading>();
  for (const source of sources.filter(isServed)) {
    const known = again.includes(source.name) ? undefined : readings.get(source.name);
    const isKnown = known !== undefined && known.of === printJson(source.configuration);
    found.set(source.name, isKnown ? known : await read(source, env, connections));
  }
  return found;
}

/** A source's own convention or the engine's; without the experimental feature there is only one. */
function conventionOf({ customization }: Source, env: EngineEnvironment): string {
  const isOn = (env.HASURA_GRAPHQL_EXPERIMENTAL_FEATURES ?? '').split(',').includes('naming_convention');
  const standard = env.HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION ?? 'hasura-default';
  return isOn ? (customization?.naming_convention ?? standard) : 'hasura-default';
}

/** The sources that answer, with all their tables. */
export function openSources(
  sources: readonly Source[],
  readings: Readings,
  { env, note }: { env: EngineEnvironment; note: Note },
): Map<string, OpenSource> {
  const opened = new Map<string, OpenSource>();
  for (const source of sources) {
    const { name, tables, customization } = source;
    const reading = readings.get(name);
    if (reading === undefined) continue;
    if ('error' in reading)
      note('source', name, name, new Error(`connection error: ${reading.error.message}`));
    else {
      const { sql, catalogue } = reading;
      const naming = createNaming(customization, conventionOf(source, env));
      const namespace = customization?.root_fields?.namespace ?? null;
      opened.set(name, { ...{ name, sql, catalogue, naming, namespace, tables } });
    }
  }
  return opened;
}
