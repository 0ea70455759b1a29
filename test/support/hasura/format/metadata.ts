import { refusal } from '../failure.ts';
import { copyJson } from '../json.ts';
import type { EngineMetadata, TableName, TrackedTable } from '../metadata-types.ts';
import {
  readAction,
  readCronTrigger,
  readCustomTypes,
  readInheritedRole,
  readRemoteSchema,
  readSource,
} from './objects.ts';
import { type JsonObject, parseFailed, readList, requireKey, requireObject } from './parse.ts';
import { readNamed } from './tables.ts';

export const emptyMetadata = (): EngineMetadata => ({
  ...{ version: 3, sources: [], remote_schemas: [], actions: [], custom_types: {}, cron_triggers: [] },
  ...{ inherited_roles: [], query_collections: [], allowlist: [], rest_endpoints: [] },
  ...{ network: {}, api_limits: {}, metrics_config: {}, opentelemetry: {}, backend_configs: {} },
  graphql_schema_introspection: {},
});

/** Reads whole metadata; unknown keys at the top are dropped (hasura/README.md, "Foreign metadata"). */
export function readWhole(value: unknown, path = '$.args'): EngineMetadata {
  const given = requireObject(copyJson(value), 'Metadata', path);
  // Without a version they are those of 1.x, which begin with tables.
  if (given.version === undefined) throw parseFailed('key "tables" not found', path);
  if (given.version !== 3) throw parseFailed(`unexpected metadata version: ${String(given.version)}`, path);
  requireKey(given, 'sources', path);
  const opaque = (key: string) =>
    readList(given, key, path, (item, at) => requireObject(item, key, at)) ?? [];
  const settings = (key: string): JsonObject => requireObject(given[key] ?? {}, key, `${path}.${key}`);
  const metadata: EngineMetadata = {
    version: 3,
    sources: readList(given, 'sources', path, readSource) ?? [],
    remote_schemas: readList(given, 'remote_schemas', path, readRemoteSchema) ?? [],
    actions: readList(given, 'actions', path, readAction) ?? [],
    custom_types: readCustomTypes(given.custom_types, `${path}.custom_types`),
    cron_triggers: readList(given, 'cron_triggers', path, readCronTrigger) ?? [],
    inherited_roles: readList(given, 'inherited_roles', path, readInheritedRole) ?? [],
    query_collections: readList(given, 'query_collections', path, readNamed) ?? [],
    allowlist: opaque('allowlist'),
    rest_endpoints: readList(given, 'rest_endpoints', path, readNamed) ?? [],
    network: settings('network'),
    api_limits: settings('api_limits'),
    metrics_config: settings('metrics_config'),
    opentelemetry: settings('opentelemetry'),
    graphql_schema_introspection: settings('graphql_schema_introspection'),
    backend_configs: settings('backend_configs'),
  };
  requireDistinct(metadata, path);
  return metadata;
}

const nameOf = ({ schema, name }: TableName): string => `${schema}.${name}`;

function requireDistinct(metadata: EngineMetadata, path: string): void {
  const check = (what: string, names: readonly string[]) => {
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    if (twice.length > 0)
      throw refusal(
        'parse-failed',
        `multiple declarations exist for the following ${what}: ${twice.join(', ')}`,
        path,
      );
  };
  const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);
  check('source', names(metadata.sources));
  check('remote schema', names(metadata.remote_schemas));
  check('action', names(metadata.actions));
  check('cron trigger', names(metadata.cron_triggers));
  for (const { tables } of metadata.sources)
    check(
      'table',
      tables.map(({ table }) => nameOf(table)),
    );
}

const byName = <Item>(items: readonly Item[] | undefined, name: (item: Item) => string): Item[] | undefined =>
  items?.toSorted((one, other) => (name(one) < name(other) ? -1 : 1));

function sortedTable(tracked: TrackedTable): TrackedTable {
  const sorted: Record<string, unknown> = { ...tracked };
  for (const [key, value] of Object.entries(tracked))
    if (Array.isArray(value))
      sorted[key] = byName(
        value as { name?: string; role?: string }[],
        ({ name, role }) => name ?? role ?? '',
      );
  return sorted as TrackedTable;
}

/** What `export_metadata` shows: sorted, without empty parts and without hidden cron triggers. */
export function exportWhole(metadata: EngineMetadata): object {
  const exported: Record<string, unknown> = {
    ...metadata,
    sources: byName(metadata.sources, ({ name }) => name)?.map((source) => ({
      ...source,
      tables: byName(source.tables, ({ table }) => nameOf(table))?.map(sortedTable),
    })),
    remote_schemas: byName(metadata.remote_schemas, ({ name }) => name)?.map((remote) => ({
      ...remote,
      ...(remote.permissions && { permissions: byName(remote.permissions, ({ role }) => role) }),
    })),
    actions: byName(metadata.actions, ({ name }) => name),
    cron_triggers: byName(
      metadata.cron_triggers.filter((trigger) => trigger.include_in_metadata),
      ({ name }) => name,
    ),
    inherited_roles: byName(metadata.inherited_roles, ({ role_name: name }) => name),
    query_collections: byName(metadata.query_collections, ({ name }) => name),
    rest_endpoints: byName(metadata.rest_endpoints, ({ name }) => name),
  };
  const isEmpty = (value: unknown) => typeof value === 'object' && Object.keys(value ?? {}).length === 0;
  return copyJson(
    Object.fromEntries(
      Object.entries(exported).filter(([key, value]) => key === 'sources' || !isEmpty(value)),
    ),
  );
}
