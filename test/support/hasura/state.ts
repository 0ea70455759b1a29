import type { Inconsistency } from './inconsistency.ts';
import { noteIn } from './inconsistency.ts';
import { type Introspections, openRemotes, readIntrospections } from './introspections.ts';
import type { EngineMetadata } from './metadata-types.ts';
import { partsByRole, type RoleParts } from './remote-parts.ts';
import type { EngineEnvironment, Remote } from './remote-schema.ts';
import type { RoleSchema } from './role-schema.ts';
import { noteUninherited, parentsIn, withInherited } from './roles.ts';
import { openSchemas } from './schemas.ts';
import { soundActions } from './sound-actions.ts';
import { noteTypeJoins } from './sound-remotes.ts';
import { soundTables } from './sound-tables.ts';
import { type Connections, type OpenSource, openSources, type Readings, readSources } from './sources.ts';
import { reportsTypeConflicts } from './version.ts';

/** What an engine has beside its metadata. */
export type Surroundings = { env: EngineEnvironment; connections: Connections; version: string };

/** The engine's state since its start, or since the last change of its metadata. */
export type EngineState = Surroundings & {
  /** The metadata as they were given, inconsistent objects included. */
  metadata: EngineMetadata;
  /** The consistent actions. */
  actions: EngineMetadata['actions'];
  sources: ReadonlyMap<string, OpenSource>;
  remotes: ReadonlyMap<string, Remote>;
  introspections: Introspections;
  readings: Readings;
  /** The inconsistent objects, with their reasons (hasura/README.md, "Using the metadata"). */
  inconsistent: readonly Inconsistency[];
  schemaFor(role: string): RoleSchema;
};

/** The state before, and the parts of it to read again: remote schemas and sources by name. */
export type Since = {
  state: EngineState;
  remoteSchemas: readonly string[];
  sources: readonly string[];
  /** Remote schemas that keep their introspection although their definition has changed. */
  kept?: readonly string[];
};

/**
 * Reads what is new or asked for. Leaves out inconsistent objects and the objects that depend on them.
 * @throws Refusal if the schema cannot be built at all
 */
export async function loadState(
  metadata: EngineMetadata,
  surroundings: Surroundings,
  since: Since | null,
): Promise<EngineState> {
  const { env } = surroundings;
  const { remote_schemas: remoteSchemas, inherited_roles: inherited } = metadata;
  const inconsistent: Inconsistency[] = [];
  const note = noteIn(inconsistent);
  const readings = await readSources(metadata.sources, surroundings, {
    ...{ readings: since?.state.readings ?? new Map(), again: since?.sources ?? [] },
  });
  const introspections = await readIntrospections(remoteSchemas, env, {
    introspections: since?.state.introspections ?? new Map(),
    ...{ again: since?.remoteSchemas ?? [], kept: since?.kept ?? [] },
  });
  const remotes = openRemotes(remoteSchemas, introspections, { env, note });
  const partsOf = new Map<string, RoleParts>();
  for (const [name, remote] of remotes) {
    const refuse: Parameters<typeof partsByRole>[2] = (permission, error) =>
      note(...permissionOf(permission.role, name), permission, error);
    const parts = partsByRole(remote, env, refuse);
    partsOf.set(name, withInherited(name, parts, inherited, inconsistent));
  }
  const open = openSources(metadata.sources, readings, { env, note });
  const parentsOf = parentsIn(inherited);
  const sources = new Map<string, OpenSource>();
  for (const [name, source] of open) {
    const known = { source: name, sources: metadata.sources, catalogue: source.catalogue, remotes, env };
    sources.set(name, { ...source, parentsOf, tables: soundTables(source.tables, known, note) });
  }
  noteTypeJoins(remotes, metadata.sources, note);
  const actions = soundActions(metadata, { sources, env }, note);
  noteUninherited(metadata, inconsistent);
  const reportsTypes = reportsTypeConflicts(surroundings.version);
  const content = { metadata: { ...metadata, actions }, sources, remotes: partsOf, reportsTypes };
  const { schemaFor, refused } = openSchemas(content);
  for (const [name, error] of refused) {
    if (error !== null) note('remote_schema', name, remotes.get(name)?.metadata, error);
    remotes.delete(name);
  }
  return {
    ...{ ...surroundings, metadata, actions, sources, remotes, introspections, readings, inconsistent },
    schemaFor,
  };
}

const permissionOf = (role: string, name: string) =>
  ['remote_schema_permission', `${role} permission in remote schema ${name}`] as const;
