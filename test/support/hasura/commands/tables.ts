import { Refusal, refusal } from '../failure.ts';
import { isTable } from '../filters.ts';
import { listIn, requireKey, requireObject } from '../format/parse.ts';
import { readConfiguration, readTable, readTableName } from '../format/tables.ts';
import { copyJson } from '../json.ts';
import type { TableName, TrackedTable } from '../metadata-types.ts';
import { cascadeOrRefuse, dependentsOfTable } from './dependents.ts';
import { build, type Command, type Commands, type Draft, SUCCESS, sourceIn, trackedIn } from './draft.ts';

// Tables (hasura/README.md, "Commands of the metadata API").

/** The engine looks only at the root fields of the unauthorized role. */
function requireFreeNode(draft: Draft, source: string, tracked: TrackedTable): void {
  const { env, sources, schemaFor } = draft.state;
  const role = env.HASURA_GRAPHQL_UNAUTHORIZED_ROLE;
  const open = sources.get(source);
  if (role === undefined || open === undefined || open.namespace !== null) return;
  const field = open.naming.root(tracked, 'select');
  if (schemaFor(role).roots.has(`query_root.${field}`))
    throw refusal(
      'remote-schema-conflicts',
      `node ${field} already exists in current graphql schema`,
      '$.args',
    );
}

const track: Command = async (draft, args) => {
  const source = sourceIn(draft, args);
  const table = readTableName(requireKey(args, 'table', '$.args'), '$.args.table');
  if (source.tables.some(isTable(table)))
    throw refusal('already-tracked', `view/table already tracked: "${table.schema}.${table.name}"`, '$.args');
  const { configuration, apollo_federation_config, logical_model } = args;
  const given = { table, configuration, apollo_federation_config, logical_model };
  const tracked = readTable(copyJson(given), '$.args');
  requireFreeNode(draft, source.name, tracked);
  source.tables.push(tracked);
  await build(draft, `table ${table.schema}.${table.name} in source ${source.name}`, {
    sources: [source.name],
  });
  return SUCCESS;
};

const untrack: Command = async (draft, args) => {
  const { source, tracked } = trackedIn(draft, args);
  const catalogue = draft.state.sources.get(source.name)?.catalogue;
  const foreignKey = (_: string, table: TableName, column: string) =>
    catalogue?.foreignKey(table, column) ?? null;
  const place = { source: source.name, table: tracked.table };
  cascadeOrRefuse(dependentsOfTable(draft.metadata, place, foreignKey), args.cascade);
  for (const trigger of tracked.event_triggers ?? [])
    draft.effects.push(`event trigger ${trigger.name}: dropped, its events are gone`);
  source.tables = source.tables.filter((table) => table !== tracked);
  await build(draft, null);
  return SUCCESS;
};

/** Goes on after a failure, and answers 200 with warnings if one succeeds. */
const several =
  (command: Command): Command =>
  async (draft, args, version) => {
    const warnings: object[] = [];
    const tables = listIn(args, 'tables');
    for (const item of tables) {
      const before = { metadata: copyJson(draft.metadata), state: draft.state };
      try {
        await command(draft, requireObject(item, 'TrackTable', '$.args'), version);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        Object.assign(draft, before);
        warnings.push({ code: 'mutation-failed', message: error.reason.error, name: String(item) });
      }
    }
    const isFailed = tables.length > 0 && warnings.length === tables.length;
    if (isFailed && args.allow_warnings !== true)
      throw new Refusal({ error: 'all tables failed', path: '$.args', code: 'all-failed' }, 400, warnings);
    return { ...SUCCESS, ...(warnings.length > 0 && { warnings }) };
  };

export const TABLE_COMMANDS: Commands = {
  pg_track_table: track,
  pg_track_tables: several(track),
  pg_untrack_table: untrack,
  pg_untrack_tables: several(untrack),
  /** Replaces the whole configuration. */
  async pg_set_table_customization(draft, args) {
    const { tracked, at } = trackedIn(draft, args);
    const configuration = readConfiguration(args.configuration, '$.args');
    delete tracked.configuration;
    if (configuration !== undefined) tracked.configuration = configuration;
    await build(draft, at);
    return SUCCESS;
  },
};
