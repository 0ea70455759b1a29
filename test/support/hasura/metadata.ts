import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { sdlActions, sdlTypes } from './actions-sdl.ts';
import { readWhole } from './format/metadata.ts';
import type {
  Action,
  ActionRelationship,
  EngineMetadata,
  RemoteSchema,
  Source,
  TrackedTable,
} from './metadata-types.ts';

/** The shipped metadata. */
export const METADATA_FOLDER = 'hasura/metadata';

/** Joins the included files as the CLI does (hasura/README.md, "The metadata directory"). */
async function readTree(path: string): Promise<unknown> {
  return resolveIncludes(parse(await readFile(path, 'utf8')), dirname(path));
}

async function resolveIncludes(node: unknown, folder: string): Promise<unknown> {
  if (typeof node === 'string') {
    const included = /^!include (.+)$/.exec(node)?.[1];
    return included === undefined ? node : readTree(join(folder, included));
  }
  if (Array.isArray(node)) return Promise.all(node.map((item) => resolveIncludes(item, folder)));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(async ([key, value]) => [
    key,
    await resolveIncludes(value, folder),
  ]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}

/** The shipped files always have the key. */
type Permitted<Item extends { permissions?: unknown }> = Item & Required<Pick<Item, 'permissions'>>;

type ActionsFile = {
  actions: Permitted<Action>[];
  custom_types: { objects: { name: string; relationships?: ActionRelationship[] }[] };
};

/** A metadata directory, as a test may change it before it is applied. */
export type Metadata = {
  sources: Source[];
  /** The tables of all sources. A table that a test adds to the list belongs to the first source. */
  tables: TrackedTable[];
  remoteSchemas: Permitted<RemoteSchema>[];
  /** The whole `actions.yaml`, and the actions in it. */
  actionsFile: ActionsFile;
  actions: Permitted<Action>[];
  /** The relationships of the actions' output types, by type. */
  actionRelationships: Map<string, ActionRelationship[]>;
  actionsSdl: string;
  /** The files that have one key of the metadata each. */
  others: Record<string, unknown>;
};

const OTHERS = {
  ...{ cron_triggers: 'cron_triggers', inherited_roles: 'inherited_roles', network: 'network' },
  ...{ query_collections: 'query_collections', allowlist: 'allow_list', rest_endpoints: 'rest_endpoints' },
  ...{ api_limits: 'api_limits', graphql_schema_introspection: 'graphql_schema_introspection' },
};

/** Reads the shipped metadata, or those in another folder. */
export async function readMetadata(root = METADATA_FOLDER): Promise<Metadata> {
  const actionsFile = (await readTree(join(root, 'actions.yaml'))) as ActionsFile;
  const sources = (await readTree(join(root, 'databases', 'databases.yaml'))) as Source[];
  const others = Object.entries(OTHERS).map(async ([key, file]) => [
    key,
    await readTree(join(root, `${file}.yaml`)),
  ]);
  return {
    ...{ sources, tables: sources.flatMap(({ tables }) => tables) },
    remoteSchemas: (await readTree(join(root, 'remote_schemas.yaml'))) as Permitted<RemoteSchema>[],
    ...{ actionsFile, actions: actionsFile.actions },
    actionRelationships: new Map(
      actionsFile.custom_types.objects.map(({ name, relationships = [] }) => [name, relationships]),
    ),
    actionsSdl: await readFile(join(root, 'actions.graphql'), 'utf8'),
    others: Object.fromEntries(await Promise.all(others)) as Record<string, unknown>,
  };
}

/** The tracked tables of the shipped metadata. */
export async function readTrackedTables(root = METADATA_FOLDER): Promise<TrackedTable[]> {
  const sources = (await readTree(join(root, 'databases', 'databases.yaml'))) as Source[];
  return sources.flatMap(({ tables }) => tables);
}

/** What the CLI sends to the engine for a directory (hasura/README.md, "Actions"). */
export function toEngineMetadata(project: Metadata): EngineMetadata {
  const { sources, tables, remoteSchemas, actions, actionsSdl, actionRelationships, others } = project;
  const [first, ...more] = sources;
  const added = tables.filter((table) => !sources.some((source) => source.tables.includes(table)));
  return readWhole({
    ...{ version: 3, remote_schemas: remoteSchemas, ...others },
    sources: first === undefined ? [] : [{ ...first, tables: [...first.tables, ...added] }, ...more],
    actions: sdlActions(actionsSdl, actions),
    custom_types: sdlTypes(actionsSdl, actionRelationships),
  });
}
