// The metadata as the engine keeps and exports them (hasura/README.md, "Foreign metadata").

/** A boolean expression of a filter or check (hasura/README.md, "Filters"). */
export type BoolExp = { readonly [key: string]: unknown };
type Opaque = Record<string, unknown>;

export type TableName = { schema: string; name: string };

/** A relationship that a human or a foreign key defines. */
type Manual = {
  remote_table: TableName;
  column_mapping: Record<string, string>;
};
export type ObjectRelationship = {
  name: string;
  using: { foreign_key_constraint_on?: string | string[]; manual_configuration?: Manual };
  comment?: string;
};
export type ArrayRelationship = {
  name: string;
  using: {
    foreign_key_constraint_on?: { column?: string; columns?: string[]; table: TableName };
    manual_configuration?: Manual;
  };
  comment?: string;
};
export type Granted<Permission> = { role: string; permission: Permission; comment?: string };
export type SelectPermission = {
  columns: string[] | '*';
  filter: BoolExp;
  limit?: number;
  allow_aggregations?: boolean;
};
export type UpdatePermission = {
  columns: string[] | '*';
  filter: BoolExp;
  check?: BoolExp | null;
  set?: object;
};

export type InsertPermission = { columns: string[] | '*'; check: BoolExp; set?: Opaque } & Opaque;
export type DeletePermission = { filter: BoolExp } & Opaque;

export type RemoteRelationship = {
  name: string;
  definition: {
    to_remote_schema?: {
      remote_schema: string;
      lhs_fields: string[];
      /** One root field, with the source of each argument: `$` and a column. */
      remote_field: Record<string, { arguments: Record<string, string> }>;
    };
    to_source?: {
      source: string;
      table: TableName;
      relationship_type: string;
      field_mapping: Record<string, string>;
    };
  };
};
type Named = { name: string } & Opaque;

export type TableConfiguration = {
  custom_name?: string;
  custom_root_fields?: Record<string, unknown>;
  column_config?: Record<string, { custom_name?: string; comment?: string }>;
  custom_column_names?: Record<string, string>;
  comment?: string;
};

/** The metadata of a tracked table. */
export type TrackedTable = {
  table: TableName;
  is_enum?: boolean;
  configuration?: TableConfiguration;
  object_relationships?: ObjectRelationship[];
  array_relationships?: ArrayRelationship[];
  remote_relationships?: RemoteRelationship[];
  computed_fields?: Named[];
  insert_permissions?: Granted<InsertPermission>[];
  select_permissions?: Granted<SelectPermission>[];
  update_permissions?: Granted<UpdatePermission>[];
  delete_permissions?: Granted<DeletePermission>[];
  event_triggers?: Named[];
  apollo_federation_config?: unknown;
  logical_model?: string;
};

export type SourceCustomization = {
  root_fields?: { namespace?: string; prefix?: string; suffix?: string };
  type_names?: { prefix?: string; suffix?: string };
  naming_convention?: 'hasura-default' | 'graphql-default';
};
export type Source = {
  name: string;
  kind: string;
  tables: TrackedTable[];
  configuration: Opaque;
  customization?: SourceCustomization;
} & Opaque;

/** A header with its value, or with the variable that holds it. */
export type Header = { name: string; value?: string; value_from_env?: string };

export type RemoteCustomization = {
  root_fields_namespace?: string;
  type_names?: { prefix?: string; suffix?: string; mapping?: Record<string, string> };
  field_names?: { parent_type: string; prefix?: string; suffix?: string; mapping?: Record<string, string> }[];
};
export type RemoteSchema = {
  name: string;
  definition: {
    url?: string;
    url_from_env?: string;
    timeout_seconds?: number;
    forward_client_headers?: boolean;
    headers?: Header[];
    customization?: RemoteCustomization;
  };
  comment?: string;
  permissions?: { role: string; definition: { schema: string } }[];
  remote_relationships?: { type_name: string; relationships: RemoteRelationship[] }[];
};

export type Action = {
  name: string;
  definition: {
    handler: string;
    type?: 'query' | 'mutation';
    kind?: string;
    timeout?: number;
    forward_client_headers?: boolean;
    headers?: Header[];
    arguments?: { name: string; type: string; description?: string }[];
    output_type?: string;
  } & Opaque;
  permissions?: { role: string }[];
  comment?: string;
};
export type ActionRelationship = {
  name: string;
  type?: string;
  source?: string;
  remote_table: TableName;
  field_mapping: Record<string, string>;
};
export type CustomField = { name: string; type: string; description?: string | null };
export type CustomTypes = {
  input_objects?: { name: string; description?: string | null; fields: CustomField[] }[];
  objects?: {
    name: string;
    description?: string | null;
    fields: CustomField[];
    relationships?: ActionRelationship[];
  }[];
  scalars?: { name: string; description?: string | null }[];
  enums?: { name: string; description?: string | null; values: { value: string }[] }[];
};

export type CronTrigger = {
  name: string;
  webhook: string;
  schedule: string;
  include_in_metadata: boolean;
  payload?: unknown;
  headers?: Header[];
  retry_conf?: Record<string, number>;
  comment?: string;
};
export type InheritedRole = { role_name: string; role_set: string[] };

/** Everything that the engine keeps, cron triggers with `include_in_metadata: false` too. */
export type EngineMetadata = {
  version: 3;
  sources: Source[];
  remote_schemas: RemoteSchema[];
  actions: Action[];
  custom_types: CustomTypes;
  cron_triggers: CronTrigger[];
  inherited_roles: InheritedRole[];
  query_collections: Named[];
  allowlist: Opaque[];
  rest_endpoints: Named[];
  network: Opaque;
  api_limits: Opaque;
  metrics_config: Opaque;
  opentelemetry: Opaque;
  graphql_schema_introspection: Opaque;
  backend_configs: Opaque;
};
