import { canonical, isObject, type Json, type JsonObject, objectsOf, textOf } from './json.ts';

/** Names a table or a function. Each kind of source has its own form; Postgres has a schema and a name. */
export function tableKey(table: Json | undefined): string {
  if (typeof table === 'string') return `public.${table}`;
  if (isObject(table) && typeof table.schema === 'string' && typeof table.name === 'string')
    return `${table.schema}.${table.name}`;
  return canonical(table ?? null);
}

const byName = (entry: JsonObject) => textOf(entry.name);
const byRole = (entry: JsonObject) => textOf(entry.role);

type KeyedList = { word: string; key: (entry: JsonObject) => string };

/** The lists of the metadata whose entries have a name in their list, with the word for an entry. */
const keyedLists: Readonly<Record<string, KeyedList>> = {
  sources: { word: 'source', key: byName },
  tables: { word: 'table', key: ({ table }) => tableKey(table) },
  functions: { word: 'function', key: (entry) => tableKey(entry.function) },
  object_relationships: { word: 'relationship', key: byName },
  array_relationships: { word: 'relationship', key: byName },
  // Those of a table have a name. Those of a remote schema are grouped by type.
  remote_relationships: {
    word: 'join',
    key: (entry) => (typeof entry.type_name === 'string' ? `of type ${entry.type_name}` : byName(entry)),
  },
  relationships: { word: 'relationship', key: byName },
  computed_fields: { word: 'computed field', key: byName },
  event_triggers: { word: 'event trigger', key: byName },
  select_permissions: { word: 'select permission of role', key: byRole },
  insert_permissions: { word: 'insert permission of role', key: byRole },
  update_permissions: { word: 'update permission of role', key: byRole },
  delete_permissions: { word: 'delete permission of role', key: byRole },
  remote_schemas: { word: 'remote schema', key: byName },
  permissions: { word: 'permission of role', key: byRole },
  actions: { word: 'action', key: byName },
  objects: { word: 'type', key: byName },
  input_objects: { word: 'type', key: byName },
  enums: { word: 'type', key: byName },
  scalars: { word: 'type', key: byName },
  cron_triggers: { word: 'cron trigger', key: byName },
};

export const keyedList = (name: string): KeyedList | undefined =>
  Object.hasOwn(keyedLists, name) ? keyedLists[name] : undefined;

/** Finds the entry of a list with the same key as another entry. */
export function findEntry(list: string, entries: Json | undefined, key: string): JsonObject | undefined {
  const keyOf = keyedList(list)?.key;
  return objectsOf(entries).find((entry) => keyOf?.(entry) === key);
}

/**
 * Merges two objects of the metadata. Lists with names are joined by name, and their order stays. For everything else, the
 * second object counts.
 */
export function mergeByName(first: JsonObject, second: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const present = first[name];
    if (keyedList(name) !== undefined && Array.isArray(present) && Array.isArray(value))
      merged[name] = mergeLists(name, present, value);
    else
      merged[name] =
        name === 'custom_types' && isObject(present) && isObject(value) ? mergeByName(present, value) : value;
  }
  return merged;
}

function mergeLists(name: string, first: Json[], second: Json[]): Json[] {
  const keyOf = keyedList(name)?.key ?? (() => '');
  const keyed = new Map(objectsOf(second).map((entry) => [keyOf(entry), entry]));
  const merged = first.map((entry) => {
    const other = isObject(entry) ? keyed.get(keyOf(entry)) : undefined;
    if (!isObject(entry) || other === undefined) return entry;
    keyed.delete(keyOf(entry));
    return mergeByName(entry, other);
  });
  return [...merged, ...keyed.values()];
}
