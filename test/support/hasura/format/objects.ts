import type {
  Action,
  CronTrigger,
  CustomTypes,
  InheritedRole,
  RemoteSchema,
  Source,
  TrackedTable,
} from '../metadata-types.ts';
import {
  type JsonObject,
  listIn,
  parseFailed,
  pick,
  readList,
  requireKey,
  requireObject,
  requireText,
  requireTexts,
  withoutDefaults,
} from './parse.ts';
import { readRemoteRelationship, readTable, readTableName } from './tables.ts';

// Sources, remote schemas, actions, types, cron triggers and roles as the engine reads and exports them.

const SOURCE_KINDS = ['postgres', 'pg', 'citus', 'cockroach', 'mssql', 'bigquery'];

const kindsOfPostgres = ['postgres', 'pg', 'citus', 'cockroach'];

/** A table of another kind of database stays as it is: it may have other names, such as a dataset. */
function readForeignTable(value: unknown, path: string): TrackedTable {
  const given = requireObject(value, 'TableMetadata', path);
  requireKey(given, 'table', path);
  return given as TrackedTable;
}

export function readSource(value: unknown, path: string): Source {
  const given = requireObject(value, 'SourceMetadata', path);
  const kind = given.kind === undefined ? 'postgres' : requireText(given, 'kind', path);
  if (!SOURCE_KINDS.includes(kind)) throw parseFailed(`unknown source kind "${kind}"`, `${path}.kind`);
  requireKey(given, 'tables', path);
  return withoutDefaults<Source>({
    name: requireText(given, 'name', path),
    kind: kind === 'pg' ? 'postgres' : kind,
    tables:
      readList(given, 'tables', path, kindsOfPostgres.includes(kind) ? readTable : readForeignTable) ?? [],
    ...pick(given, [
      'functions',
      'native_queries',
      'logical_models',
      'stored_procedures',
      'health_check',
      'query_tags',
    ]),
    configuration: readConnection(requireKey(given, 'configuration', path), `${path}.configuration`, kind),
    customization: readSourceCustomization(given.customization),
  });
}

/** The export names the settings of a connection even if they are the engine's own. */
export function readConnection(value: unknown, path: string, kind = 'postgres'): Record<string, unknown> {
  const given = requireObject(value, 'SourceConnConfiguration', path);
  // BigQuery has no connection, and SQL Server its own kind of it.
  if (kind === 'bigquery' || kind === 'mssql') return { ...given };
  const info = requireObject(
    requireKey(given, 'connection_info', path),
    'ConnectionInfo',
    `${path}.connection_info`,
  );
  return {
    ...given,
    connection_info: {
      isolation_level: 'read-committed',
      use_prepared_statements: false,
      ...withoutDefaults(info),
    },
  };
}

export function readSourceCustomization(value: unknown): Source['customization'] {
  const { root_fields, type_names, naming_convention } = (value ?? {}) as NonNullable<
    Source['customization']
  >;
  const found = withoutDefaults(
    {
      root_fields: withoutDefaults(root_fields ?? {}),
      type_names: withoutDefaults(type_names ?? {}),
      naming_convention,
    },
    { root_fields: {}, type_names: {} },
  );
  return Object.keys(found).length === 0 ? undefined : (found as Source['customization']);
}

export function readRemoteSchema(value: unknown, path: string): RemoteSchema {
  const given = requireObject(value, 'RemoteSchemaMetadata', path);
  return withoutDefaults<RemoteSchema>({
    name: requireText(given, 'name', path),
    definition: readRemoteDefinition(requireKey(given, 'definition', path), `${path}.definition`),
    comment: given.comment as string,
    permissions: readList(given, 'permissions', path, readRemotePermission),
    remote_relationships: readList(given, 'remote_relationships', path, readTypeRelationships),
  });
}

function readRemoteDefinition(value: unknown, path: string): RemoteSchema['definition'] {
  const given = requireObject(value, 'RemoteSchemaDef', path);
  if ((given.url === undefined) === (given.url_from_env === undefined))
    throw parseFailed('exactly one of "url" and "url_from_env" must be present', path);
  return withoutDefaults({
    ...pick(given, ['url', 'url_from_env', 'timeout_seconds', 'customization', 'headers']),
    forward_client_headers: given.forward_client_headers ?? false,
  }) as RemoteSchema['definition'];
}

export function readRemotePermission(value: unknown, path = '$.args') {
  const given = requireObject(value, 'RemoteSchemaPermission', path);
  const definition = requireObject(requireKey(given, 'definition', path), 'Definition', `${path}.definition`);
  return {
    role: requireText(given, 'role', path),
    definition: { schema: requireText(definition, 'schema', `${path}.definition`) },
  };
}

function readTypeRelationships(value: unknown, path: string) {
  const given = requireObject(value, 'RemoteSchemaTypeRelationships', path);
  return {
    type_name: requireText(given, 'type_name', path),
    relationships: readList(given, 'relationships', path, readRemoteRelationship) ?? [],
  };
}

export function readAction(value: unknown, path: string): Action {
  const given = requireObject(value, 'ActionMetadata', path);
  return withoutDefaults<Action>({
    name: requireText(given, 'name', path),
    definition: readActionDefinition(requireKey(given, 'definition', path), `${path}.definition`),
    comment: given.comment as string,
    permissions: readList(given, 'permissions', path, (entry, at) => ({
      role: requireText(requireObject(entry, 'ActionPermission', at), 'role', at),
    })),
  });
}

/** The export leaves out defaults and adds the headers that are never forwarded. */
function readActionDefinition(value: unknown, path: string): Action['definition'] {
  const given = requireObject(value, 'ActionDefinition', path);
  const { type = 'mutation', kind } = given;
  if (kind !== undefined && !['synchronous', 'asynchronous', ''].includes(kind as string))
    throw parseFailed(`unexpected kind "${String(kind)}"`, `${path}.kind`);
  return withoutDefaults(
    {
      handler: requireText(given, 'handler', path),
      output_type: requireText(given, 'output_type', path),
      ...given,
      ...{ type, kind: kind === '' ? 'synchronous' : kind },
      ignored_client_headers: given.ignored_client_headers ?? [],
    },
    {
      kind: 'synchronous',
      arguments: [],
      timeout: 30,
      forward_client_headers: false,
      headers: [],
      type: 'mutation',
    },
  ) as Action['definition'];
}

/** An enum's values have all their keys in an export. */
export function readCustomTypes(value: unknown, path: string): CustomTypes {
  const given = requireObject(value ?? {}, 'CustomTypes', path);
  const fields = (type: JsonObject, at: string) => readList(type, 'fields', at, readField) ?? [];
  const named = (item: unknown, at: string) => {
    const type = requireObject(item, 'CustomType', at);
    return { type, known: { name: requireText(type, 'name', at), ...pick(type, ['description']) } };
  };
  return withoutDefaults({
    input_objects: readList(given, 'input_objects', path, (item, at) => {
      const { type, known } = named(item, at);
      return withoutDefaults({ ...known, fields: fields(type, at) });
    }),
    objects: readList(given, 'objects', path, (item, at) => {
      const { type, known } = named(item, at);
      const relationships = readList(type, 'relationships', at, readTypeRelationship);
      return withoutDefaults({ ...known, fields: fields(type, at), relationships });
    }),
    scalars: readList(given, 'scalars', path, (item, at) => withoutDefaults(named(item, at).known)),
    enums: readList(given, 'enums', path, (item, at) => {
      const { type, known } = named(item, at);
      const values = listIn(type, 'values', at).map((entry) => ({
        ...{ description: null, is_deprecated: null },
        ...(entry as { value: string }),
      }));
      return withoutDefaults({ ...known, values });
    }),
  }) as CustomTypes;
}

function readField(value: unknown, path: string) {
  const given = requireObject(value, 'Field', path);
  return {
    name: requireText(given, 'name', path),
    type: requireText(given, 'type', path),
    ...withoutDefaults(pick(given, ['description', 'arguments'])),
  };
}

/** Without a source, a relationship of a type leads to `default`. */
function readTypeRelationship(value: unknown, path: string) {
  const given = requireObject(value, 'TypeRelationship', path);
  return {
    name: requireText(given, 'name', path),
    type: requireText(given, 'type', path),
    source: given.source === undefined ? 'default' : requireText(given, 'source', path),
    remote_table: readTableName(requireKey(given, 'remote_table', path), path),
    field_mapping: requireObject(requireKey(given, 'field_mapping', path), 'FieldMapping', path) as Record<
      string,
      string
    >,
  };
}

const RETRIES = { num_retries: 0, retry_interval_seconds: 10, timeout_seconds: 60, tolerance_seconds: 21600 };

export function readCronTrigger(value: unknown, path: string): CronTrigger {
  const given = requireObject(value, 'CronTriggerMetadata', path);
  return withoutDefaults<CronTrigger>(
    {
      name: requireText(given, 'name', path),
      webhook: requireText(given, 'webhook', path),
      schedule: requireText(given, 'schedule', path),
      include_in_metadata: requireKey(given, 'include_in_metadata', path) as boolean,
      ...pick(given, ['payload', 'headers', 'request_transform', 'response_transform', 'comment']),
      retry_conf: withoutDefaults({ ...RETRIES, ...(given.retry_conf as object) }),
    },
    { headers: [], retry_conf: RETRIES },
  );
}

export function readInheritedRole(value: unknown, path = '$.args'): InheritedRole {
  const given = requireObject(value, 'Role', path);
  return {
    role_name: requireText(given, 'role_name', path),
    role_set: requireTexts(given, 'role_set', path),
  };
}
