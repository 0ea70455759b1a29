import { canonical, isObject, type Json, type JsonObject, objectsOf } from './json.ts';
import { keyedList } from './lists.ts';
import { normal } from './normal.ts';

/** Objects of the metadata by a path that people can read, each without the objects inside it. */
export type Items = ReadonlyMap<string, Json>;

export type Change = { kind: 'add' | 'change' | 'remove'; path: string };

/** Takes the metadata apart: `source default, table public.notes, select permission of role user`, and so on. */
export function itemsOf(metadata: JsonObject): Items {
  const items = new Map<string, Json>();
  const rest = collect(metadata, '', items);
  const { custom_types: types, ...others } = rest;
  if (isObject(types)) addRest(collect(types, '', items), items);
  addRest(others, items);
  return items;
}

function addRest(rest: JsonObject, items: Map<string, Json>): void {
  for (const [key, value] of Object.entries(rest)) {
    const isEmpty =
      value === null ||
      (Array.isArray(value) ? value.length === 0 : isObject(value) && canonical(value) === '{}');
    if (!isEmpty) items.set(`metadata ${key}`, value);
  }
}

/** Adds the entries of an object's lists, and returns the object without these lists. */
function collect(object: JsonObject, path: string, items: Map<string, Json>): JsonObject {
  const own: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    const list = keyedList(name);
    if (list === undefined || !Array.isArray(value)) {
      own[name] = value;
      continue;
    }
    for (const entry of objectsOf(value)) {
      const label = `${list.word} ${list.key(entry)}`;
      const entryPath = path === '' ? label : `${path}, ${label}`;
      // First, so that an object comes before what is inside it.
      items.set(entryPath, null);
      items.set(entryPath, collect(entry, entryPath, items));
    }
  }
  return own;
}

/** Lists what differs between two states of the metadata. What the engine writes in another way does not differ. */
export function changesBetween(before: JsonObject, after: JsonObject): Change[] {
  const [old, next] = [itemsOf(before), itemsOf(after)];
  const removed = [...old.keys()].filter((path) => !next.has(path));
  const changed = [...next].flatMap(([path, value]): Change[] => {
    const present = old.get(path);
    if (present === undefined) return [{ kind: 'add', path }];
    return canonical(present) === canonical(value) || normal(present) === normal(value)
      ? []
      : [{ kind: 'change', path }];
  });
  return [...removed.map((path): Change => ({ kind: 'remove', path })), ...changed];
}

/** Lists the paths of objects that are not exactly equal in two states, to the last digit. */
export function differences(before: JsonObject, after: JsonObject): string[] {
  const [old, next] = [itemsOf(before), itemsOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].filter((path) => {
    const [a, b] = [old.get(path), next.get(path)];
    return a === undefined || b === undefined || canonical(a) !== canonical(b);
  });
}
