import { GATEWAY_ROLE } from '../../../config/groups/roles.ts';
import { facts, isMarked } from './facts.ts';
import { at, type Json, type JsonObject, objectOf, objectsOf, textOf, without } from './json.ts';
import { findEntry, tableKey } from './lists.ts';
import { normal, normalSdl } from './normal.ts';
import { ownTypes } from './own-types.ts';
import {
  isInOurSchema,
  isOurAction,
  isOurCronTrigger,
  isOurRemoteSchema,
  isOurSource,
  type Place,
} from './place.ts';

/** The metadata without our objects. */
export type Split = {
  /** Everything that is not ours. */
  theirs: JsonObject;
  /**
   * What is theirs inside our objects: for example a relationship of our table to a table of theirs. It has the form of metadata,
   * with our objects as mere names around it.
   */
  attached: JsonObject;
};

type Parts = { theirs: Json[]; attached: Json[] };

/** Divides a list: `attachedTo` returns undefined for an entry that is theirs, and null for one of ours with nothing inside. */
function divide(
  entries: Json | undefined,
  attachedTo: (entry: JsonObject) => JsonObject | null | undefined,
): Parts {
  const parts: Parts = { theirs: [], attached: [] };
  for (const entry of objectsOf(entries)) {
    const attached = attachedTo(entry);
    if (attached === undefined) parts.theirs.push(entry);
    else if (attached !== null) parts.attached.push(attached);
  }
  return parts;
}

/**
 * Separates what is ours from what is not.
 * @param place where our objects are
 * @param ours our objects as this version makes them, which are ours by name even without a mark
 */
export function split(metadata: JsonObject, place: Place, ours: JsonObject): Split {
  const own = ownTypes(metadata, ours);
  const lists = {
    sources: divideSources(metadata, place, ours),
    remote_schemas: divide(metadata.remote_schemas, (entry) =>
      isOurRemoteSchema(entry) ? attachedToRemoteSchema(entry, ours) : undefined,
    ),
    actions: divide(metadata.actions, (entry) =>
      isOurAction(entry) ? shell('name', entry, { permissions: unmarked(entry.permissions) }) : undefined,
    ),
    cron_triggers: divide(metadata.cron_triggers, (entry) => (isOurCronTrigger(entry) ? null : undefined)),
  };
  const types = Object.fromEntries(
    ['objects', 'input_objects', 'enums', 'scalars'].map((list) => [
      list,
      divide(at(metadata.custom_types, list), (type) =>
        own.has(textOf(type.name)) ? attachedToType(type) : undefined,
      ),
    ]),
  );
  return {
    theirs: withLists({ metadata, lists, types, part: 'theirs' }),
    attached: withLists({ metadata: {}, lists, types, part: 'attached' }),
  };
}

type Lists = Readonly<Record<string, Parts>>;

/**
 * Puts the divided lists into an object. The engine exports no empty list but that of sources. So a list that only held entries of
 * the other part goes away.
 */
function fill(lists: Lists, into: JsonObject, part: keyof Parts): JsonObject {
  const divided = Object.entries(lists).map(([name, parts]): [string, Json] => [name, parts[part]]);
  const stays = (name: string): boolean => {
    const parts = Object.hasOwn(lists, name) ? lists[name] : undefined;
    if (parts === undefined || parts[part].length > 0) return true;
    return name in into && (name === 'sources' || objectsOf(into[name]).length === 0);
  };
  const whole: JsonObject = { ...into, ...Object.fromEntries(divided) };
  return Object.fromEntries(Object.entries(whole).filter(([name]) => stays(name)));
}

/** Puts the divided lists, and those of types, into the metadata. */
function withLists(input: {
  metadata: JsonObject;
  lists: Lists;
  types: Lists;
  part: keyof Parts;
}): JsonObject {
  const { metadata, lists, types, part } = input;
  const customTypes = fill(types, objectOf(metadata.custom_types), part);
  const whole = { ...fill(lists, metadata, part), custom_types: customTypes };
  const hasTypes = Object.keys(customTypes).length > 0;
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'custom_types' || hasTypes));
}

/** Returns the name of an entry with the lists that are not empty; null if all of them are. */
function shell(key: string, entry: JsonObject, content: JsonObject): JsonObject | null {
  const filled = Object.entries(content).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return filled.length === 0 ? null : { [key]: entry[key] ?? null, ...Object.fromEntries(filled) };
}

const unmarked = (entries: Json | undefined): JsonObject[] =>
  objectsOf(entries).filter(({ comment }) => !isMarked(comment));

function divideSources(metadata: JsonObject, place: Place, ours: JsonObject): Parts {
  const parts: Parts = { theirs: [], attached: [] };
  for (const source of objectsOf(metadata.sources)) {
    const holdsOurs = textOf(source.name) === place.source || isOurSource(source);
    const tables = divide(source.tables, (table) =>
      holdsOurs && isInOurSchema(table) ? attachedToTable(table, ours) : undefined,
    );
    if (isOurSource(source)) {
      const others = without(source, ['name', 'kind', 'configuration', 'customization', 'tables']);
      const attached = shell('name', source, { ...others, tables: [...tables.theirs, ...tables.attached] });
      if (attached !== null) parts.attached.push(attached);
      continue;
    }
    parts.theirs.push('tables' in source ? { ...source, tables: tables.theirs } : source);
    if (tables.attached.length > 0)
      parts.attached.push({ name: source.name ?? null, tables: tables.attached });
  }
  return parts;
}

const ourTable = (ours: JsonObject, table: Json | undefined): JsonObject | undefined =>
  objectsOf(ours.sources)
    .flatMap((source) => objectsOf(source.tables))
    .find((entry) => tableKey(entry.table) === tableKey(table));

/** Whether a join of one of our tables is ours. Joins have no comment; the prefix is ours. */
const isOurJoin = (join: JsonObject): boolean =>
  textOf(join.name).startsWith('gateway_') &&
  at(join.definition, 'to_remote_schema', 'remote_schema') === facts.remoteSchema;

/**
 * Whether this version makes an entry of one of our tables. A relationship must lead to the same table: another one with that
 * name is theirs. A permission only needs the role, since the console drops its comment in a change.
 */
function isMade(list: string, entry: JsonObject, made: JsonObject): boolean {
  const key = textOf(list.endsWith('_permissions') ? entry.role : entry.name);
  const own = findEntry(list, made[list], key);
  return own !== undefined && (own.using === undefined || normal(own.using) === normal(entry.using ?? null));
}

function attachedToTable(table: JsonObject, ours: JsonObject): JsonObject | null {
  const present = ourTable(ours, table.table) ?? {};
  const content = Object.entries(table).map(([name, value]): [string, Json] => {
    if (name === 'remote_relationships') return [name, objectsOf(value).filter((join) => !isOurJoin(join))];
    if (!/_(relationships|permissions)$/.test(name)) return [name, value];
    return [name, unmarked(value).filter((entry) => !isMade(name, entry, present))];
  });
  const attached = without(Object.fromEntries(content), ['table', 'configuration']);
  return shell('table', table, attached);
}

function attachedToRemoteSchema(entry: JsonObject, ours: JsonObject): JsonObject | null {
  const [present] = objectsOf(ours.remote_schemas);
  const sdlOf = (role: string) => {
    const schema = textOf(at(findEntry('permissions', entry.permissions, role)?.definition, 'schema'));
    return schema === '' ? null : normalSdl(schema);
  };
  // Every declared role has the SDL of `user`. So a role with that SDL was declared when it was installed.
  const served = sdlOf(GATEWAY_ROLE);
  const permissions = objectsOf(entry.permissions).filter(
    ({ role }) =>
      findEntry('permissions', present?.permissions, textOf(role)) === undefined &&
      (served === null || sdlOf(textOf(role)) !== served),
  );
  const others = without(entry, ['name', 'definition', 'comment', 'permissions']);
  return shell('name', entry, { ...others, permissions });
}

/** Relationships of our types lead to our tables. Those to other tables are theirs. */
const attachedToType = (type: JsonObject): JsonObject | null =>
  shell('name', type, {
    relationships: objectsOf(type.relationships).filter(
      (relationship) => at(relationship.remote_table, 'schema') !== facts.schema,
    ),
  });
