type TableReference = { schema: string; name: string };
type Filter = Readonly<Record<string, unknown>>;

type Permission<Body> = { role: string; permission: Body; comment?: string };

type SelectPermission = Permission<{
  columns: readonly string[];
  filter: Filter;
  limit: number;
  allow_aggregations: boolean;
}>;

type UpdatePermission = Permission<{
  columns: readonly string[];
  filter: Filter;
  check: Filter;
  set: Filter;
}>;

type ObjectRelationship = { name: string; using: { foreign_key_constraint_on: string }; comment: string };
type ArrayRelationship = {
  name: string;
  using: { foreign_key_constraint_on: { column: string; table: TableReference } };
  comment: string;
};

export type RemoteRelationship = {
  name: string;
  definition: {
    to_remote_schema: {
      remote_schema: string;
      /** The columns that are arguments. */
      lhs_fields: string[];
      remote_field: Record<string, { arguments: Record<string, string> }>;
    };
  };
};

/** A tracked table, as Hasura exports it: an empty list is left out. */
export type TableMetadata = {
  table: TableReference;
  configuration: {
    custom_name?: string;
    comment: string;
    column_config: Record<string, { comment: string }>;
  };
  object_relationships?: ObjectRelationship[];
  array_relationships?: ArrayRelationship[];
  remote_relationships?: RemoteRelationship[];
  select_permissions?: SelectPermission[];
  update_permissions?: UpdatePermission[];
};

export type SourceMetadata = {
  name: string;
  kind: 'postgres';
  configuration: {
    connection_info: {
      database_url: { from_env: string };
      isolation_level: string;
      use_prepared_statements: boolean;
    };
  };
  tables: TableMetadata[];
};

export type Header = { name: string; value_from_env: string };

export type RemoteSchemaMetadata = {
  name: string;
  definition: {
    url_from_env: string;
    timeout_seconds: number;
    forward_client_headers: boolean;
    headers: Header[];
  };
  comment: string;
  permissions: { role: string; definition: { schema: string } }[];
};

export type ActionMetadata = {
  name: string;
  definition: {
    kind: 'synchronous';
    type: 'query' | 'mutation';
    arguments: FieldMetadata[];
    output_type: string;
    handler: string;
    forward_client_headers: boolean;
    timeout: number;
    headers: Header[];
  };
  permissions: { role: string }[];
  comment: string;
};

export type TypeRelationship = {
  name: string;
  type: 'object' | 'array';
  source: string;
  remote_table: TableReference;
  field_mapping: Readonly<Record<string, string>>;
};

type NamedType = { name: string; description?: string };
type FieldMetadata = { name: string; type: string; description?: string };

export type CustomTypesMetadata = {
  enums: (NamedType & { values: { value: string }[] })[];
  input_objects: (NamedType & { fields: FieldMetadata[] })[];
  objects: (NamedType & { fields: FieldMetadata[]; relationships?: TypeRelationship[] })[];
  scalars: NamedType[];
};

export type CronTriggerMetadata = {
  name: string;
  webhook: string;
  schedule: string;
  include_in_metadata: boolean;
  payload: Record<string, never>;
  retry_conf: {
    num_retries: number;
    retry_interval_seconds: number;
    timeout_seconds: number;
    tolerance_seconds: number;
  };
  headers: Header[];
  comment: string;
};

/** What is ours in an engine's metadata: plain objects of version 3, as `replace_metadata` takes them. */
export type HasuraMetadata = {
  version: 3;
  sources: [SourceMetadata];
  remote_schemas: [RemoteSchemaMetadata];
  actions: ActionMetadata[];
  custom_types: CustomTypesMetadata;
  cron_triggers: CronTriggerMetadata[];
};
