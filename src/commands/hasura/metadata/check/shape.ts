import { z } from 'zod';
import { type Finding, finding } from './rules.ts';
import type { Tree } from './tree.ts';

const strings = z.array(z.string());
const unknowns = z.array(z.unknown());
const filter = z.record(z.string(), z.unknown());
const tableName = z.strictObject({ schema: z.string(), name: z.string() });

const header = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  value_from_env: z.string().optional(),
});

const relationship = <Using extends z.ZodType>(using: Using) =>
  z.strictObject({
    name: z.string(),
    using: z.strictObject({ foreign_key_constraint_on: using }),
    comment: z.string().optional(),
  });

/** One root field, whose arguments are columns: `$` and a name. Longer paths and constants are not supported. */
const remoteField = z
  .record(
    z.string(),
    z.strictObject({ arguments: z.record(z.string(), z.templateLiteral(['$', z.string().min(1)])) }),
  )
  .refine((fields) => Object.keys(fields).length === 1, 'It must lead to one root field.');
const remoteRelationship = z.strictObject({
  name: z.string(),
  definition: z.strictObject({
    to_remote_schema: z.strictObject({
      remote_schema: z.string(),
      lhs_fields: strings,
      remote_field: remoteField,
    }),
  }),
});

const selectPermission = z.strictObject({
  columns: strings,
  filter: filter.optional(),
  limit: z.number().int().positive().optional(),
  allow_aggregations: z.boolean().optional(),
});
const updatePermission = z.strictObject({
  columns: strings,
  filter: filter.optional(),
  check: filter.nullable().optional(),
  set: z.record(z.string(), z.unknown()).optional(),
});
const forRole = <Permission extends z.ZodType>(permission: Permission) =>
  z.array(z.strictObject({ role: z.string(), permission, comment: z.string().optional() })).default([]);

const table = z.strictObject({
  table: tableName,
  configuration: z
    .strictObject({
      custom_name: z.string().optional(),
      comment: z.string().optional(),
      custom_root_fields: z.record(z.string(), z.string()).optional(),
      column_config: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  object_relationships: z.array(relationship(z.string())).default([]),
  array_relationships: z
    .array(relationship(z.strictObject({ column: z.string(), table: tableName })))
    .default([]),
  remote_relationships: z.array(remoteRelationship).default([]),
  computed_fields: unknowns.default([]),
  event_triggers: unknowns.default([]),
  select_permissions: forRole(selectPermission),
  update_permissions: forRole(updatePermission),
  insert_permissions: unknowns.default([]),
  delete_permissions: unknowns.default([]),
});

const source = z.strictObject({
  name: z.string(),
  kind: z.string(),
  configuration: z.strictObject({
    connection_info: z.strictObject({
      database_url: z.union([z.string(), z.strictObject({ from_env: z.string() })]),
      isolation_level: z.string().optional(),
      use_prepared_statements: z.boolean().optional(),
      pool_settings: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
  tables: z.array(table),
});

const remoteSchema = z.strictObject({
  name: z.string(),
  definition: z.strictObject({
    url: z.string().optional(),
    url_from_env: z.string().optional(),
    timeout_seconds: z.number().optional(),
    forward_client_headers: z.boolean().optional(),
    headers: z.array(header).default([]),
  }),
  comment: z.string().optional(),
  permissions: z
    .array(z.strictObject({ role: z.string(), definition: z.looseObject({ schema: z.string() }) }))
    .default([]),
});

const actionRelationship = z.strictObject({
  name: z.string(),
  type: z.enum(['object', 'array']),
  source: z.string(),
  remote_table: tableName,
  field_mapping: z.record(z.string(), z.string()),
});

const named = z.strictObject({ name: z.string(), description: z.string().optional() });

const actions = z.strictObject({
  actions: z.array(
    z.strictObject({
      name: z.string(),
      definition: z.strictObject({
        kind: z.string(),
        handler: z.string(),
        forward_client_headers: z.boolean().optional(),
        timeout: z.number().optional(),
        headers: z.array(header).default([]),
      }),
      permissions: z.array(z.strictObject({ role: z.string() })).default([]),
      comment: z.string().optional(),
    }),
  ),
  custom_types: z.strictObject({
    enums: z.array(named),
    input_objects: z.array(named),
    objects: z.array(named.extend({ relationships: z.array(actionRelationship).default([]) })),
    scalars: z.array(named),
  }),
});

const cronTrigger = z.strictObject({
  name: z.string(),
  webhook: z.string(),
  schedule: z.string(),
  include_in_metadata: z.boolean(),
  payload: z.unknown().optional(),
  retry_conf: z
    .strictObject({
      num_retries: z.number().optional(),
      retry_interval_seconds: z.number().optional(),
      timeout_seconds: z.number().optional(),
      tolerance_seconds: z.number().optional(),
    })
    .optional(),
  headers: z.array(header).default([]),
  comment: z.string().optional(),
});

const shapes = {
  version: z.strictObject({ version: z.number() }),
  databases: z.array(source),
  remote_schemas: z.array(remoteSchema),
  actions,
  cron_triggers: z.array(cronTrigger),
};

const metadata = z.object(shapes);
export type Metadata = z.infer<typeof metadata>;
export type Table = z.infer<typeof table>;
export type RemoteRelationship = z.infer<typeof remoteRelationship>;
export type RemoteSchema = z.infer<typeof remoteSchema>;
export type ActionRelationship = z.infer<typeof actionRelationship>;
export type Header = z.infer<typeof header>;

/** Parses our part of the tree into types. Unknown keys and wrong kinds are findings; then the metadata is undefined. */
export function shapeMetadata(documents: Tree['documents']): {
  metadata: Metadata | undefined;
  findings: Finding[];
} {
  const { success, data, error } = metadata.safeParse(documents);
  if (success) return { metadata: data, findings: [] };
  const findings = error.issues.map(({ path: [file, ...rest], message }) =>
    finding('shape', [String(file), ...rest.map(String)].join('.'), message),
  );
  return { metadata: undefined, findings };
}
