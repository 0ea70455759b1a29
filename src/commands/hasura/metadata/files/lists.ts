import { isDeepStrictEqual } from 'node:util';
import { isSeq, type YAMLSeq } from 'yaml';
import { documentText, parseFile, yamlText } from './yaml.ts';

/** Our entries of a list that an application may share with us. */
export type OwnEntries = {
  /** The keys that lead to the list; empty if the file is the list. */
  at: readonly string[];
  entries: readonly unknown[];
  /** What tells entries apart. */
  keyOf: (entry: unknown) => unknown;
  /** Our entry with what an application added to it. By default an application adds nothing. */
  merge?: (present: unknown, ours: unknown) => unknown;
  /** Whether an entry was ours and is no longer generated. By default this is never so. */
  isStale?: (entry: unknown) => boolean;
};

type Item = { start: number; end: number; indent: number; value: unknown };

/** Finds the lines of each entry of a list in block style. Null if the list has another style, or no entries. */
function itemsOf(text: string, list: YAMLSeq): Item[] | null {
  const token = list.srcToken;
  if (token?.type !== 'block-seq' || list.items.length === 0) return null;
  const values = list.toJSON() as unknown[];
  const items = list.items.map((item, index): Item | null => {
    const dash = token.items[index]?.start.find(({ type }) => type === 'seq-item-ind');
    const range = (item as { range?: [number, number, number] | null }).range;
    if (dash === undefined || range == null) return null;
    const start = text.lastIndexOf('\n', dash.offset - 1) + 1;
    const last = Math.max(text.slice(0, range[1]).trimEnd().length, dash.offset + 1);
    const newline = text.indexOf('\n', last);
    const end = newline === -1 ? text.length : newline + 1;
    return { start, end, indent: dash.offset - start, value: values[index] };
  });
  return items.every((item) => item !== null) ? items : null;
}

/** Returns the lines of a list, indented. */
function linesOf(values: readonly unknown[], indent: number): string {
  return values.length === 0 ? '' : yamlText(values).replace(/^(?=.)/gm, ' '.repeat(indent));
}

/** Returns a text that ends with a line break. */
const closed = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** Returns what is to stand in the list for each present entry, and our entries that are missing. */
function compare(present: readonly unknown[], own: OwnEntries) {
  const { entries, keyOf, merge = (_: unknown, ours: unknown) => ours, isStale = () => false } = own;
  const oursFor = (value: unknown) => entries.find((entry) => keyOf(entry) === keyOf(value));
  const kept = present.map((value): unknown[] => {
    const ours = oursFor(value);
    if (ours !== undefined) return [merge(value, ours)];
    return isStale(value) ? [] : [value];
  });
  const missing = entries.filter((entry) => !present.some((value) => keyOf(value) === keyOf(entry)));
  return { kept, missing };
}

function putIntoLines(text: string, items: readonly Item[], own: OwnEntries): string {
  const { kept, missing } = compare(
    items.map(({ value }) => value),
    own,
  );
  const [{ indent = 0 } = {}] = items;
  const end = items.at(-1)?.end ?? text.length;
  let result = closed(text.slice(0, end)) + linesOf(missing, indent) + text.slice(end);
  for (const [index, { start, end, value }] of [...items.entries()].reverse()) {
    if (isDeepStrictEqual(kept[index], [value])) continue;
    result = result.slice(0, start) + linesOf(kept[index] ?? [], indent) + result.slice(end);
  }
  return result;
}

/**
 * Puts our entries into a list of a YAML file. All other lines stay as they are, byte for byte, if the list is written in block
 * style. Otherwise the layout of the file may change.
 * @throws Error that names the file, if it is not YAML or has no list there
 */
export function putEntries(path: string, text: string, own: OwnEntries): string {
  const document = parseFile(path, text);
  const list = own.at.length === 0 ? document.contents : document.getIn(own.at, true);
  const isEmpty = list == null || (isSeq(list) && list.items.length === 0);
  if (isEmpty && own.entries.length === 0) return text;
  if (isEmpty && own.at.length === 0) {
    const bare = isSeq(list) ? text.slice(0, list.range?.[0]) : text;
    return closed(bare) + linesOf(own.entries, 0);
  }
  if (!isSeq(list) && list != null && !isNull(list))
    throw new Error(`hasura/${path} has no list at ${own.at.join('.')}.`);
  const items = isSeq(list) ? itemsOf(text, list) : null;
  if (items !== null) return putIntoLines(text, items, own);
  const present = isSeq(list) ? (list.toJSON() as unknown[]) : [];
  const { kept, missing } = compare(present, own);
  const wanted = [...kept.flat(), ...missing];
  if (isDeepStrictEqual(wanted, present)) return text;
  if (own.at.length === 0 && isSeq(list)) return text.slice(0, list.range?.[0]) + linesOf(wanted, 0);
  document.setIn(own.at, wanted);
  return documentText(document);
}

const isNull = (node: unknown) => (node as { value?: unknown }).value === null;
