import { Kind, parse, print, visit } from 'graphql';
import { LosslessNumber } from 'lossless-json';
import { isObject, type Json, type JsonObject } from './json.ts';

/** Values that the engine leaves out of its export, because it takes them for a missing value. */
const defaults: Readonly<Record<string, string>> = {
  kind: 'synchronous',
  timeout: '30',
  type: 'mutation',
  include_in_metadata: 'true',
  num_retries: '0',
  retry_interval_seconds: '10',
  timeout_seconds: '60',
  tolerance_seconds: '21600',
};

/** Keys that the engine adds by itself. */
const ADDED_KEYS: readonly string[] = ['ignored_client_headers'];

/**
 * Writes an object of ours in one form, so that the engine's spelling of it has the same text: without defaults and empty
 * values, with sorted lists, and with role SDLs in one order.
 */
export function normal(value: Json): string {
  if (value instanceof LosslessNumber) return value.value;
  if (Array.isArray(value)) return `[${value.map(normal).sort().join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .filter((key) => !ADDED_KEYS.includes(key))
    .map((key): [string, string] => [key, normalEntry(key, value)])
    .filter(([key, text]) => !EMPTY.includes(text) && unquoted(text) !== defaults[key])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}

const EMPTY: readonly string[] = ['null', 'false', '[]', '{}', '""'];

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');

function normalEntry(key: string, object: JsonObject): string {
  const value = object[key] ?? null;
  return key === 'schema' && typeof value === 'string' && value.includes('{')
    ? JSON.stringify(normalSdl(value))
    : normal(value);
}

const DEFAULT_ROOTS: Readonly<Record<string, string>> = { query: 'Query', mutation: 'Mutation' };

/** Prints an SDL with sorted definitions and fields, and without a schema definition that only repeats the defaults. */
export function normalSdl(sdl: string): string {
  try {
    const document = visit(parse(sdl, { noLocation: true }), {
      SchemaDefinition: (node) =>
        node.operationTypes.every(({ operation, type }) => DEFAULT_ROOTS[operation] === type.name.value)
          ? null
          : undefined,
      enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined),
      leave: (node) =>
        node.kind === Kind.OBJECT_TYPE_DEFINITION ||
        node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
        node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION
          ? { ...node, fields: node.fields?.toSorted(byText) }
          : undefined,
    });
    return document.definitions
      .map((definition) => print(definition))
      .sort()
      .join('\n');
  } catch {
    return sdl; // Not ours: the generator writes SDL that parses.
  }
}

const byText = (a: Parameters<typeof print>[0], b: Parameters<typeof print>[0]) =>
  print(a) < print(b) ? -1 : 1;
