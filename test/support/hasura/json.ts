import { LosslessNumber, parse, stringify } from 'lossless-json';
import { refusal } from './failure.ts';

// JSON as the engine reads and writes it: every number keeps its digits (hasura/README.md, "Foreign metadata").

/** A number that JavaScript would write differently keeps its text. */
const readNumber = (text: string): number | LosslessNumber =>
  String(Number(text)) === text ? Number(text) : new LosslessNumber(text);

/** @throws Refusal if the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return parse(text, undefined, readNumber);
  } catch (error) {
    throw refusal('invalid-json', (error as Error).message);
  }
}

/** JSON text with the digits of every number. */
export const printJson = (value: unknown): string => stringify(value) ?? 'null';

/** A copy that shares no list and no object. */
export function copyJson<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyJson) as Value;
  if (value === null || typeof value !== 'object' || value instanceof LosslessNumber) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, copyJson(member)])) as Value;
}

/** Whether two values are the same JSON; the order of keys does not count. */
export const isSameJson = (one: unknown, other: unknown): boolean =>
  printJson(inKeyOrder(one)) === printJson(inKeyOrder(other));

function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (value === null || typeof value !== 'object' || value instanceof LosslessNumber) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, inKeyOrder(member)]),
  );
}
