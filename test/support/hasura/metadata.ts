import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

/** The shipped metadata. */
export const METADATA_FOLDER = 'hasura/metadata';

/** A boolean expression of a filter or check (hasura/README.md, "Filters"). */
export type BoolExp = { readonly [key: string]: unknown };

export type TableName = { schema: string; name: string };

type ObjectRelationship = { name: string; using: { foreign_key_constraint_on: string } };
type ArrayRelationship = {
  name: string;
  using: { foreign_key_constraint_on: { column: string; table: TableName } };
};
type Granted<Permission> = { role: string; permission: Permission }[];
type SelectPermission = {
  columns: string[];
  filter: BoolExp;
  limit?: number;
  allow_aggregations?: boolean;
};
type UpdatePermission = { columns: string[]; filter: BoolExp; check: BoolExp | null; set: object };

export type RemoteRelationship = {
  name: string;
  definition: {
    to_remote_schema: {
      remote_schema: string;
      lhs_fields: string[];
      /** One root field, with the source of each argument: `$` and a column. */
      remote_field: Record<string, { arguments: Record<string, string> }>;
    };
  };
};

/** The metadata of a tracked table. */
export type TrackedTable = {
  table: TableName;
  configuration?: { custom_name?: string };
  object_relationships?: ObjectRelationship[];
  array_relationships?: ArrayRelationship[];
  remote_relationships?: RemoteRelationship[];
  select_permissions?: Granted<SelectPermission>;
  update_permissions?: Granted<UpdatePermission>;
};

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

type Header = { name: string; value_from_env: string };

export type RemoteSchema = {
  name: string;
  definition: {
    url_from_env: string;
    timeout_seconds?: number;
    forward_client_headers: boolean;
    headers: Header[];
  };
  permissions: { role: string; definition: { schema: string } }[];
};

export type Action = {
  name: string;
  definition: { handler: string; timeout?: number; forward_client_headers: boolean; headers: Header[] };
  permissions: { role: string }[];
};
export type ActionRelationship = {
  name: string;
  remote_table: TableName;
  field_mapping: Record<string, string>;
};

type ActionsFile = {
  actions: Action[];
  custom_types: { objects: { name: string; relationships?: ActionRelationship[] }[] };
};

export type Metadata = {
  tables: TrackedTable[];
  remoteSchemas: RemoteSchema[];
  /** The whole `actions.yaml`, and the actions in it. */
  actionsFile: ActionsFile;
  actions: Action[];
  /** The relationships of the actions' output types, by type. */
  actionRelationships: Map<string, ActionRelationship[]>;
  actionsSdl: string;
};

/** Reads the shipped metadata, or those in another folder. */
export async function readMetadata(root = METADATA_FOLDER): Promise<Metadata> {
  const actionsFile = (await readTree(join(root, 'actions.yaml'))) as ActionsFile;
  return {
    tables: await readTrackedTables(root),
    remoteSchemas: (await readTree(join(root, 'remote_schemas.yaml'))) as RemoteSchema[],
    ...{ actionsFile, actions: actionsFile.actions },
    actionRelationships: new Map(
      actionsFile.custom_types.objects.map(({ name, relationships = [] }) => [name, relationships]),
    ),
    actionsSdl: await readFile(join(root, 'actions.graphql'), 'utf8'),
  };
}

/** The tracked tables of the shipped metadata. */
export async function readTrackedTables(root = METADATA_FOLDER): Promise<TrackedTable[]> {
  const sources = (await readTree(join(root, 'databases', 'databases.yaml'))) as { tables: TrackedTable[] }[];
  return sources.flatMap(({ tables }) => tables);
}
