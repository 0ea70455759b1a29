import { parse } from 'csv-parse/sync';
import { MAX_ROW_BYTES } from './lines.ts';
import { RowFault } from './row-fault.ts';
import { decodeUtf8 } from './utf8.ts';

const QUOTE = 0x22;

const countQuotes = (line: Buffer): number => {
  let count = 0;
  for (let at = line.indexOf(QUOTE); at !== -1; at = line.indexOf(QUOTE, at + 1)) count += 1;
  return count;
};

/** Lines with a place to put some back. */
class Lines {
  /** The next one is the last. */
  readonly #back: (Buffer | null)[] = [];
  readonly #source: AsyncGenerator<Buffer | null>;

  constructor(source: AsyncGenerator<Buffer | null>) {
    this.#source = source;
  }

  /** Undefined at the end; null for a line that is too long. */
  async next(): Promise<Buffer | null | undefined> {
    const back = this.#back.pop();
    if (back !== undefined) return back;
    const { done, value } = await this.#source.next();
    return done === true ? undefined : value;
  }

  putBack(lines: readonly (Buffer | null)[]): void {
    for (const line of [...lines].reverse()) this.#back.push(line);
  }
}

/** Reads the lines of one row: a text in quotes may hold line breaks. */
async function readRow(lines: Lines, first: Buffer): Promise<(Buffer | null)[]> {
  const row: (Buffer | null)[] = [first];
  let quotes = countQuotes(first);
  let length = first.length;
  while (quotes % 2 === 1 && length <= MAX_ROW_BYTES) {
    const next = await lines.next();
    if (next === undefined) break;
    row.push(next);
    if (next === null) break;
    quotes += countQuotes(next);
    length += next.length + 1;
  }
  return row;
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** Splits a row into its cells, of which each character is one byte; null if it is broken. */
function splitRow(row: readonly (Buffer | null)[]): string[] | null {
  const bytes = row.map((line) => line?.toString('latin1') ?? '').join('\n');
  const text = bytes.startsWith(BYTE_ORDER_MARK) ? bytes.slice(BYTE_ORDER_MARK.length) : bytes;
  try {
    const rows = parse(text, { relax_column_count: true });
    return rows.length === 1 ? (rows[0] ?? null) : null;
  } catch {
    return null;
  }
}

/** Reads the cells of a whole row. @throws RowFault `too_long`, `not_utf8` */
function readCells(cells: readonly string[], row: readonly (Buffer | null)[]): string[] {
  const length = row.reduce((sum, line) => sum + (line?.length ?? 0) + 1, -1);
  if (length > MAX_ROW_BYTES) throw new RowFault('too_long');
  return cells.map((cell) => decodeUtf8(Buffer.from(cell, 'latin1')));
}

/**
 * Reads the rows of a CSV file (RFC 4180). A broken row is a fault, and the row after it starts at the next line: the exports of
 * Firebase do not always double a quote.
 * @param isWhole tells whether a row has as many columns as it must have
 */
export async function* readCsv(
  source: AsyncGenerator<Buffer | null>,
  isWhole: (columns: readonly string[]) => boolean,
): AsyncGenerator<string[] | RowFault> {
  const lines = new Lines(source);
  for (let first = await lines.next(); first !== undefined; first = await lines.next()) {
    if (first === null) {
      yield new RowFault('too_long');
      continue;
    }
    if (first.length === 0) continue;
    const row = await readRow(lines, first);
    try {
      const cells = row.includes(null) ? null : splitRow(row);
      if (cells !== null && isWhole(cells)) {
        yield readCells(cells, row);
        continue;
      }
      lines.putBack(row.slice(1));
      yield new RowFault('bad_row');
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      yield error;
    }
  }
}
