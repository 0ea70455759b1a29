import type { DocumentNode, GraphQLError, Source, SourceLocation } from 'graphql';

/** The texts of parsed documents. */
const texts = new WeakMap<Source, string>();
/** Where the lines of a document begin: of the last one that an error asked for, since the errors of one answer ask in turn. */
let lines: { source: Source; starts: readonly number[] } | null = null;

/**
 * Keeps a document's text here, and out of reach of graphql-js: it would search the text from its beginning for each error,
 * up to a hundred times, to tell the line. `locate` counts the lines once.
 */
export function takeText({ loc }: DocumentNode): void {
  if (loc === undefined) return;
  texts.set(loc.source, loc.source.body);
  loc.source.body = '';
}

/** The text that a document was parsed from. */
export const textOf = ({ loc }: DocumentNode): string | undefined =>
  loc === undefined ? undefined : (texts.get(loc.source) ?? loc.source.body);

/** Tells the lines and columns of an error in a document whose text was taken. */
export function locate(error: GraphQLError): GraphQLError {
  const { source, positions } = error;
  const text = source === undefined ? undefined : texts.get(source);
  if (source === undefined || positions === undefined || text === undefined) return error;
  if (lines?.source !== source) lines = { source, starts: findLineStarts(text) };
  const { starts } = lines;
  const locations = positions.map((position) => locationOf(starts, position));
  return Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
}

/** Lines end as GraphQL says: with a line feed, a carriage return, or both (GraphQL 2.1.3). */
function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\n' || (character === '\r' && text[at + 1] !== '\n')) starts.push(at + 1);
  }
  return starts;
}

/** By halving: the last line that begins at the position or before. */
function locationOf(starts: readonly number[], position: number): SourceLocation {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: position - (starts[low] ?? 0) + 1 };
}
