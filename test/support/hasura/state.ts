import { parse } from 'graphql';
import type postgres from 'postgres';
import { actionsDocument, permittedActions } from './actions.ts';
import { readCatalogue } from './catalogue.ts';
import { findTracked } from './filters.ts';
import { type Inconsistency, type Note, noteIn } from './inconsistency.ts';
import { introspect } from './introspection.ts';
import type { Metadata, RemoteSchema } from './metadata.ts';
import { partsByRole, type RoleParts, remoteTypesIn } from './remote-parts.ts';
import { configuredHeaders, type EngineEnvironment, fromEnvironment, type Remote } from './remote-schema.ts';
import { mergeSchemas, type Part, type RoleSchema } from './role-schema.ts';
import { soundActions } from './sound-actions.ts';
import { soundTables } from './sound-tables.ts';
import { type Tables, tableName } from './table-access.ts';
import { type RemoteTypes, tablesSdl } from './table-schema.ts';

/** The engine's state since its start, or since the last reload of its metadata. */
export type EngineState = {
  metadata: Metadata;
  env: EngineEnvironment;
  sql: postgres.Sql;
  tables: Tables;
  remotes: ReadonlyMap<string, Remote>;
  introspections: ReadonlyMap<string, Introspection>;
  /** The inconsistent objects, with their reasons (hasura/README.md, "Using the metadata"). */
  inconsistent: readonly Inconsistency[];
  schemaFor(role: string): RoleSchema;
};

/** The parts to read again: remote schemas by name, and the tables of the sources. */
export type Reload = { remoteSchemas: readonly string[]; sources: boolean };
/** The parts to read again, and the state before. */
export type Since = Reload & { state: EngineState };

/** A remote schema, or the error of its introspection. */
type Introspection = { of: string; remote: Remote } | { of: string; error: Error };

async function openRemote(metadata: RemoteSchema, env: EngineEnvironment): Promise<Introspection> {
  const { url_from_env: variable, headers } = metadata.definition;
  const of = JSON.stringify(metadata.definition);
  try {
    const known = {
      metadata,
      url: fromEnvironment(env, variable),
      configured: configuredHeaders(env, headers),
    };
    return { of, remote: { ...known, upstream: await introspect(known) } };
  } catch (error) {
    return { of, error: error as Error };
  }
}

/**
 * Introspects only the named remote schemas and those whose definition has changed. It keeps failures like successes. Newer
 * engines retry by themselves; the stand-in does not (hasura/README.md, "Answers of the engine").
 */
async function introspections(
  { remoteSchemas }: Metadata,
  env: EngineEnvironment,
  since: Since | null,
): Promise<Map<string, Introspection>> {
  const found = new Map<string, Introspection>();
  for (const metadata of remoteSchemas) {
    const { name } = metadata;
    const known = since?.remoteSchemas.includes(name) ? undefined : since?.state.introspections.get(name);
    const isKnown = known?.of === JSON.stringify(metadata.definition);
    found.set(name, isKnown ? known : await openRemote(metadata, env));
  }
  return found;
}

/** Reads everything or the requested parts. Leaves out inconsistent objects and the objects that depend on them. */
export async function loadState(
  metadata: Metadata,
  { env, sql }: Pick<EngineState, 'env' | 'sql'>,
  since: Since | null,
): Promise<EngineState> {
  const inconsistent: Inconsistency[] = [];
  const note = noteIn(inconsistent);
  const known = await introspections(metadata, env, since);
  const remotes = openedRemotes(metadata, known, note);
  const partsOf = new Map<string, RoleParts>();
  for (const [name, remote] of remotes) {
    const refuse: Parameters<typeof partsByRole>[2] = (permission, error) =>
      note(...permissionOf(permission.role, name), permission, error);
    partsOf.set(name, partsByRole(remote, env, refuse));
  }
  const catalogue = since === null || since.sources ? await readCatalogue(sql) : since.state.tables.catalogue;
  const tables = soundTables(metadata.tables, { catalogue, remotes }, note);
  const actions = soundActions(metadata, { tables, catalogue, env }, note);
  const sound = { ...metadata, tables, actions };
  const reads: Tables = { tables, catalogue };
  const { schemaFor, refused } = openSchemas(sound, reads, partsOf);
  for (const [name, error] of refused) {
    note('remote_schema', name, remotes.get(name)?.metadata, error);
    remotes.delete(name);
  }
  return {
    ...{ metadata: sound, env, sql, tables: reads, remotes, inconsistent, introspections: known, schemaFor },
  };
}

const permissionOf = (role: string, name: string) =>
  ['remote_schema_permission', `${role} permission in remote schema ${name}`] as const;

function openedRemotes(
  { remoteSchemas }: Metadata,
  known: ReadonlyMap<string, Introspection>,
  note: Note,
): Map<string, Remote> {
  const remotes = new Map<string, Remote>();
  for (const remoteSchema of remoteSchemas) {
    const { name } = remoteSchema;
    const introspection = known.get(name);
    if (introspection === undefined) continue;
    if ('error' in introspection) note('remote_schema', name, remoteSchema, introspection.error);
    else remotes.set(name, { ...introspection.remote, metadata: remoteSchema });
  }
  return remotes;
}

type Schemas = { schemaFor(role: string): RoleSchema; refused: ReadonlyMap<string, Error> };

/**
 * The schemas of the roles. A remote schema with a name conflict in one role is left out of all roles
 * (hasura/README.md, "Names that must not meet").
 */
function openSchemas(metadata: Metadata, tables: Tables, remotes: ReadonlyMap<string, RoleParts>): Schemas {
  const build = (role: string, partsOf: ReadonlyMap<string, RoleParts>): RoleSchema =>
    mergeSchemas([
      ...[...partsOf.values()].flatMap((parts) => parts(role) ?? []),
      ...ownParts(metadata, tables, role, remoteTypesIn(partsOf, role)),
    ]);
  const roles = rolesOf(metadata);
  const buildAll = (partsOf: ReadonlyMap<string, RoleParts>) =>
    new Map(roles.map((role) => [role, build(role, partsOf)]));
  const refused = new Map<string, Error>();
  let taken: ReadonlyMap<string, RoleParts> = new Map();
  let schemas: Map<string, RoleSchema> | null = null;
  for (const [name, parts] of remotes) {
    const more = new Map([...taken, [name, parts]]);
    try {
      schemas = buildAll(more);
      taken = more;
    } catch (error) {
      // Throws if another part causes the conflict.
      schemas = buildAll(taken);
      refused.set(name, error as Error);
    }
  }
  const made = schemas ?? buildAll(taken);
  return {
    refused,
    schemaFor(role) {
      const known = made.get(role) ?? build(role, taken);
      made.set(role, known);
      return known;
    },
  };
}

/** The roles that the metadata name. */
function rolesOf({ tables, actions, remoteSchemas }: Metadata): string[] {
  const entries = [
    ...tables.flatMap((table) => [...(table.select_permissions ?? []), ...(table.update_permissions ?? [])]),
    ...[...actions, ...remoteSchemas].flatMap(({ permissions }): { role: string }[] => permissions),
  ];
  return [...new Set(['admin', ...entries.map(({ role }) => role)])];
}

/** The parts of the tables and of the actions. */
function ownParts(metadata: Metadata, tables: Tables, role: string, remoteTypes: RemoteTypes): Part[] {
  const sdl = tablesSdl({ tables, role, remoteTypes });
  const parts: Part[] = [];
  if (sdl !== '')
    parts.push({
      origin: { kind: 'tables' },
      document: parse(sdl),
      query: 'query_root',
      mutation: 'mutation_root',
    });
  const permitted = permittedActions(metadata, role);
  if (permitted.length > 0)
    parts.push({
      origin: { kind: 'actions' },
      document: actionsDocument(metadata, permitted, ({ remote_table }) =>
        tableName(findTracked(metadata.tables, remote_table)),
      ),
      query: 'Query',
      mutation: 'Mutation',
    });
  return parts;
}
