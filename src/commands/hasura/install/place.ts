import { facts, isMarked } from './facts.ts';
import { at, type JsonObject, objectOf, objectsOf, textOf } from './json.ts';

/** What of ours an engine holds, and where. */
export type Place = {
  /** Whether anything of ours is installed. */
  isInstalled: boolean;
  /** The source that holds our tables; null if no source does. */
  source: string | null;
  /** The namespace of our root fields; empty without one. */
  namespace: string;
  /** The prefix of our types; empty without one. */
  typePrefix: string;
};

export const isOurRemoteSchema = (entry: JsonObject): boolean =>
  entry.name === facts.remoteSchema && at(entry.definition, 'url_from_env') === facts.remoteSchemaUrlFrom;

export const isOurAction = (entry: JsonObject): boolean =>
  textOf(at(entry.definition, 'handler')).startsWith(facts.actionHandlers);

export const isOurCronTrigger = (entry: JsonObject): boolean =>
  textOf(entry.webhook).startsWith(facts.cronWebhooks);

/** A source of our name that reads its address from our variable. */
export const isOurSource = (entry: JsonObject): boolean =>
  entry.name === facts.source &&
  at(entry.configuration, 'connection_info', 'database_url', 'from_env') === facts.sourceUrlFrom;

export const isInOurSchema = (entry: JsonObject): boolean => at(entry.table, 'schema') === facts.schema;

const LISTS_WITH_COMMENTS = [
  ...['object_relationships', 'array_relationships'],
  ...['select_permissions', 'insert_permissions', 'update_permissions', 'delete_permissions'],
];

const hasMark = (table: JsonObject): boolean =>
  LISTS_WITH_COMMENTS.some((list) => objectsOf(table[list]).some(({ comment }) => isMarked(comment)));

/**
 * Finds what is installed. Our tables are in our own source, or in a source with tables that have our mark. Without marks,
 * the shipped metadata was applied by Hasura's CLI: then the tables are where a source tracks the schema of ours.
 */
export function findPlace(metadata: JsonObject): Place {
  const sources = objectsOf(metadata.sources);
  const tablesOf = (source: JsonObject) => objectsOf(source.tables).filter(isInOurSchema);
  const remoteSchema = objectsOf(metadata.remote_schemas).find(isOurRemoteSchema);
  const holdsMarks = sources.find((source) => tablesOf(source).some(hasMark));
  const own = sources.find(isOurSource);
  const holder =
    holdsMarks ??
    (own !== undefined && tablesOf(own).length > 0 ? own : undefined) ??
    (remoteSchema === undefined ? undefined : sources.find((source) => tablesOf(source).length > 0)) ??
    own;
  const customization = objectOf(at(remoteSchema, 'definition', 'customization'));
  return {
    isInstalled:
      remoteSchema !== undefined ||
      holder !== undefined ||
      objectsOf(metadata.actions).some(isOurAction) ||
      objectsOf(metadata.cron_triggers).some(isOurCronTrigger),
    source: holder === undefined ? null : textOf(holder.name),
    namespace: textOf(customization.root_fields_namespace),
    typePrefix: textOf(at(customization.type_names, 'prefix')),
  };
}
