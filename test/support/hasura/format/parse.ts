import { kindOf, refusal } from '../failure.ts';

// How the engine reads JSON: what is missing, unknown or of another kind is `parse-failed`, with its place.

export type JsonObject = Readonly<Record<string, unknown>>;

export const parseFailed = (message: string, path = '$.args') => refusal('parse-failed', message, path);

/** Whether a value is a JSON object and not a number with its digits. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  kindOf(value) === 'Object' && Object.getPrototypeOf(value) === Object.prototype;

export function requireObject(value: unknown, name: string, path?: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw parseFailed(`parsing ${name} failed, expected Object, but encountered ${kindOf(value)}`, path);
}

export function requireKey(object: JsonObject, key: string, path?: string): unknown {
  if (!(key in object)) throw parseFailed(`key "${key}" not found`, path);
  return object[key];
}

export function requireText(object: JsonObject, key: string, path = '$.args'): string {
  const value = requireKey(object, key, path);
  if (typeof value === 'string') return value;
  throw parseFailed(
    `parsing Text failed, expected String, but encountered ${kindOf(value)}`,
    `${path}.${key}`,
  );
}

/** A list under a key; empty if the key is absent or null. */
export function listIn(object: JsonObject, key: string, path = '$.args'): readonly unknown[] {
  const value = object[key] ?? [];
  if (Array.isArray(value)) return value;
  throw parseFailed(`parsing [] failed, expected Array, but encountered ${kindOf(value)}`, `${path}.${key}`);
}

/** Reads each item of a list under a key. Undefined if there is none, so that an export leaves the key out. */
export function readList<Item>(
  object: JsonObject,
  key: string,
  path: string,
  read: (item: unknown, path: string) => Item,
): Item[] | undefined {
  const items = listIn(object, key, path);
  return items.length === 0 ? undefined : items.map((item, index) => read(item, `${path}.${key}[${index}]`));
}

export function requireTexts(object: JsonObject, key: string, path = '$.args'): string[] {
  requireKey(object, key, path);
  return listIn(object, key, path).map((item, index) => {
    if (typeof item === 'string') return item;
    throw parseFailed(
      `parsing Text failed, expected String, but encountered ${kindOf(item)}`,
      `${path}.${key}[${index}]`,
    );
  });
}

/** The objects whose unknown keys the engine refuses; of others it ignores them. */
export function refuseUnknownKeys(
  object: JsonObject,
  known: readonly string[],
  what: string,
  path: string,
): void {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw parseFailed(`unexpected keys when parsing ${what}: ${JSON.stringify(unknown)}`, path);
}

/** An object without the keys whose value is undefined, null or the default. */
export function withoutDefaults<Value extends object>(
  value: { [Key in keyof Value]: Value[Key] | undefined },
  defaults: JsonObject = {},
): Value {
  const entries = Object.entries(value).filter(
    ([key, member]) =>
      member !== undefined &&
      member !== null &&
      (!(key in defaults) || JSON.stringify(member) !== JSON.stringify(defaults[key])),
  );
  return Object.fromEntries(entries) as Value;
}

/** The chosen keys of an object, in this order. */
export const pick = (object: JsonObject, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.flatMap((key) => (object[key] === undefined ? [] : [[key, object[key]]])));
