import { isLosslessNumber, LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * A value of the engine's metadata. Numbers keep every digit: `JSON.parse` would round 9007199254740993 in a filter of the
 * application.
 */
export type Json = null | boolean | string | LosslessNumber | Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);

/** Parses JSON without losing a digit. @throws SyntaxError if the text is not JSON */
export const parseJson = (text: string): Json => parse(text) as Json;

/** Writes JSON with the digits that were read. Numbers of the code are written as they are. */
export function writeJson(value: Json | object, space?: number): string {
  const text = stringify(value, null, space);
  if (text === undefined) throw new Error('The value has no JSON.');
  return text;
}

/** Converts plain objects of the code, so that they compare with parsed ones. */
export const asJson = (value: object): JsonObject => parseJson(writeJson(value)) as JsonObject;

/** Returns the objects of a list; an empty list if the value is not a list. */
export const objectsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Returns a text, or an empty one if the value is not a text. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Follows keys into objects; undefined if one is missing. */
export const at = (value: Json | undefined, ...keys: readonly string[]): Json | undefined =>
  keys.reduce<Json | undefined>((current, key) => (isObject(current) ? current[key] : undefined), value);

/** Leaves out some keys of an object. */
export const without = (object: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** Writes a value with sorted keys, so that equal values have equal texts. Digits and the order of lists count. */
export function canonical(value: Json): string {
  if (value instanceof LosslessNumber) return value.value;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`;
}
