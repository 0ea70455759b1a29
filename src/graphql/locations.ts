import type { DocumentNode, GraphQLError, Source, SourceLocation } from 'graphql';

/** The texts of parsed documents. */
const texts = new WeakMap<Source, string>();
/** Where the lines of a document begin. Only the last document is kept: the errors of one answer are located one after another. */
let lines: { source: Source; starts: readonly number[] } | null = null;

/**
 * Moves the text of a document to this file's cache. With the text, graphql-js would search for the line of each error from the
 * beginning, up to a hundred times. `locate` counts the lines once.
 */
export function detachText({ loc }: DocumentNode): void {
  if (loc === undefined) return;
  texts.set(loc.source, loc.source.body);
  loc.source.body = '';
}

/** The text of a parsed document. */
export const textOf = ({ loc }: DocumentNode): string | undefined =>
  loc === undefined ? undefined : (texts.get(loc.source) ?? loc.source.body);

/** Adds the lines and columns to an error, if the text of its document was detached. */
export function locate(error: GraphQLError): GraphQLError {
  const { source, positions } = error;
  const text = source === undefined ? undefined : texts.get(source);
  if (source === undefined || positions === undefined || text === undefined) return error;
  if (lines?.source !== source) lines = { source, starts: findLineStarts(text) };
  const { starts } = lines;
  const locations = positions.map((position) => locationOf(starts, position));
  return Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
}

/** The positions where lines start. A line ends with a line feed, a carriage return, or both (GraphQL 2.1.3). */
function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) starts.push(at + 1);
  }
  return starts;
}

/** Finds the line of a position by binary search. */
function locationOf(starts: readonly number[], position: number): SourceLocation {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: position - (starts[low] ?? 0) + 1 };
}
