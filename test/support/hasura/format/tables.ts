import { kindOf } from '../failure.ts';
import type {
  ArrayRelationship,
  DeletePermission,
  Granted,
  InsertPermission,
  ObjectRelationship,
  RemoteRelationship,
  SelectPermission,
  TableConfiguration,
  TableName,
  TrackedTable,
  UpdatePermission,
} from '../metadata-types.ts';
import {
  isJsonObject,
  type JsonObject,
  parseFailed,
  pick,
  readList,
  refuseUnknownKeys,
  requireKey,
  requireObject,
  requireText,
  withoutDefaults,
} from './parse.ts';

// Tables as the engine reads them, without defaults, as it exports them (hasura/README.md, "Foreign metadata").

const KEYS = [
  ...['table', 'is_enum', 'configuration', 'object_relationships', 'array_relationships'],
  ...['computed_fields', 'remote_relationships', 'insert_permissions', 'select_permissions'],
  ...[
    'update_permissions',
    'delete_permissions',
    'event_triggers',
    'apollo_federation_config',
    'logical_model',
  ],
];

/** A table by schema and name, or by its name in `public`. */
export function readTableName(value: unknown, path = '$.args'): TableName {
  if (typeof value === 'string') return { schema: 'public', name: value };
  const table = requireObject(value, 'QualifiedObject', path);
  return {
    schema: table.schema === undefined ? 'public' : requireText(table, 'schema', path),
    name: requireText(table, 'name', path),
  };
}

export function readTable(value: unknown, path: string): TrackedTable {
  const given = requireObject(value, 'TableMetadata', path);
  refuseUnknownKeys(given, KEYS, 'TableMetadata', path);
  const table = readTableName(requireKey(given, 'table', path), `${path}.table`);
  const opaque = (key: string) => readList(given, key, path, readNamed);
  return withoutDefaults<TrackedTable>(
    {
      table,
      is_enum: given.is_enum as boolean,
      configuration: readConfiguration(given.configuration, path),
      object_relationships: readList(given, 'object_relationships', path, readObjectRelationship),
      array_relationships: readList(given, 'array_relationships', path, readArrayRelationship),
      computed_fields: opaque('computed_fields') as never,
      remote_relationships: readList(given, 'remote_relationships', path, readRemoteRelationship),
      insert_permissions: readList(given, 'insert_permissions', path, readInsertPermission),
      select_permissions: readList(given, 'select_permissions', path, readSelectPermission),
      update_permissions: readList(given, 'update_permissions', path, readUpdatePermission),
      delete_permissions: readList(given, 'delete_permissions', path, readDeletePermission),
      event_triggers: opaque('event_triggers') as never,
      apollo_federation_config: given.apollo_federation_config,
      logical_model: given.logical_model as string,
    },
    { is_enum: false },
  );
}

export function readNamed(value: unknown, path: string): { name: string } & Record<string, unknown> {
  const given = requireObject(value, 'Object', path);
  return { ...withoutDefaults(given), name: requireText(given, 'name', path) };
}

/** The engine exports all maps of a configuration that has anything in it. */
export function readConfiguration(value: unknown, path: string): TableConfiguration | undefined {
  if (value === undefined || value === null) return undefined;
  const given = requireObject(value, 'TableConfig', `${path}.configuration`);
  const columns = { ...(given.column_config as TableConfiguration['column_config']) };
  for (const [column, name] of Object.entries((given.custom_column_names ?? {}) as Record<string, string>))
    columns[column] = { custom_name: name, ...columns[column] };
  const named = Object.entries(columns).flatMap(([column, { custom_name: name }]) =>
    name === undefined ? [] : [[column, name]],
  );
  const own = withoutDefaults(pick(given, ['custom_name', 'comment']));
  const roots = (given.custom_root_fields ?? {}) as Record<string, unknown>;
  if (Object.keys(own).length + Object.keys(columns).length + Object.keys(roots).length === 0)
    return undefined;
  return {
    ...{ column_config: columns, custom_column_names: Object.fromEntries(named) },
    ...{ custom_root_fields: withoutDefaults(roots), ...own },
  };
}

const comment = (given: JsonObject) => ({ comment: given.comment as string });

export function readObjectRelationship(value: unknown, path = '$.args'): ObjectRelationship {
  const given = requireObject(value, 'RelDef', path);
  const using = requireObject(requireKey(given, 'using', path), 'ObjRelUsing', `${path}.using`);
  const key = using.foreign_key_constraint_on;
  const columns = Array.isArray(key) && key.length === 1 ? (key[0] as string) : key;
  if (key === undefined && !isJsonObject(using.manual_configuration))
    throw parseFailed(
      'one of "foreign_key_constraint_on" or "manual_configuration" should be present',
      `${path}.using`,
    );
  return withoutDefaults({
    name: requireText(given, 'name', path),
    using: withoutDefaults({ ...using, foreign_key_constraint_on: columns as string }),
    ...comment(given),
  });
}

export function readArrayRelationship(value: unknown, path = '$.args'): ArrayRelationship {
  const given = requireObject(value, 'RelDef', path);
  const at = `${path}.using`;
  const using = requireObject(requireKey(given, 'using', path), 'ArrRelUsing', at);
  const name = requireText(given, 'name', path);
  if (using.foreign_key_constraint_on === undefined) {
    if (!isJsonObject(using.manual_configuration))
      throw parseFailed('one of "foreign_key_constraint_on" or "manual_configuration" should be present', at);
    return withoutDefaults({ name, using: using as ArrayRelationship['using'], ...comment(given) });
  }
  const key = requireObject(using.foreign_key_constraint_on, 'ArrRelUsingFKeyOn', at);
  const table = readTableName(requireKey(key, 'table', at), at);
  const columns = Array.isArray(key.columns) && key.columns.length === 1 ? undefined : key.columns;
  const column = (key.column ?? (key.columns as string[] | undefined)?.[0]) as string;
  if (typeof column !== 'string') throw parseFailed('key "column" not found', at);
  const on = columns === undefined ? { column, table } : { columns: columns as string[], table };
  return withoutDefaults({ name, using: { foreign_key_constraint_on: on }, ...comment(given) });
}

export function readRemoteRelationship(value: unknown, path = '$.args'): RemoteRelationship {
  const given = requireObject(value, 'RemoteRelationship', path);
  const name = requireText(given, 'name', path);
  if (given.definition === undefined) {
    // The form of 1.x: one remote schema, with the columns.
    const { hasura_fields: lhs_fields, remote_schema, remote_field } = given;
    if (remote_schema === undefined) throw parseFailed('key "definition" not found', path);
    return {
      name,
      definition: { to_remote_schema: { remote_schema, lhs_fields, remote_field } },
    } as RemoteRelationship;
  }
  const definition = requireObject(given.definition, 'RemoteRelationshipDefinition', `${path}.definition`);
  const kinds = Object.keys(definition).filter((key) => key === 'to_source' || key === 'to_remote_schema');
  if (kinds.length !== 1)
    throw parseFailed('expects exactly one of: to_remote_schema, to_source', `${path}.definition`);
  return { name, definition: pick(definition, kinds) } as RemoteRelationship;
}

const readPermission = (value: unknown, path: string, read: (given: JsonObject, path: string) => object) => {
  const given = requireObject(value, 'PermDef', path);
  const at = `${path}.permission`;
  const permission = requireObject(requireKey(given, 'permission', path), 'Permission', at);
  return withoutDefaults({
    role: requireText(given, 'role', path),
    permission: read(permission, at),
    ...comment(given),
  });
};

/** `*` or a list of columns. */
function readColumns(given: JsonObject, path: string): string[] | '*' {
  const columns = given.columns ?? [];
  if (columns === '*' || Array.isArray(columns)) return columns as string[] | '*';
  throw parseFailed(`expected Array, but encountered ${kindOf(columns)}`, `${path}.columns`);
}

export const readSelectPermission = (value: unknown, path = '$.args'): Granted<SelectPermission> =>
  readPermission(value, path, (given, at) =>
    withoutDefaults(
      {
        columns: readColumns(given, at),
        ...pick(given, ['computed_fields', 'query_root_fields', 'subscription_root_fields']),
        filter: requireKey(given, 'filter', at),
        ...pick(given, ['limit', 'allow_aggregations', 'validate_input']),
      },
      { allow_aggregations: false, computed_fields: [] },
    ),
  ) as Granted<SelectPermission>;

/** The export has a check that is null, and no empty presets. */
export const readUpdatePermission = (value: unknown, path = '$.args'): Granted<UpdatePermission> =>
  readPermission(value, path, (given, at) => ({
    columns: readColumns(given, at),
    filter: requireKey(given, 'filter', at),
    check: given.check ?? null,
    ...withoutDefaults(pick(given, ['set', 'backend_only', 'validate_input']), {
      set: {},
      backend_only: false,
    }),
  })) as Granted<UpdatePermission>;

export const readInsertPermission = (value: unknown, path = '$.args'): Granted<InsertPermission> =>
  readPermission(value, path, (given, at) => ({
    check: requireKey(given, 'check', at),
    columns: readColumns(given, at),
    ...withoutDefaults(pick(given, ['set', 'backend_only', 'validate_input']), {
      set: {},
      backend_only: false,
    }),
  })) as Granted<InsertPermission>;

export const readDeletePermission = (value: unknown, path = '$.args'): Granted<DeletePermission> =>
  readPermission(value, path, (given, at) => ({
    filter: requireKey(given, 'filter', at),
    ...withoutDefaults(pick(given, ['backend_only', 'validate_input']), { backend_only: false }),
  })) as Granted<DeletePermission>;
