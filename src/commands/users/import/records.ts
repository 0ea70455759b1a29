import { open } from 'node:fs/promises';
import { UsageError } from '../../cli/subcommand.ts';
import { readCsv } from './csv.ts';
import { readJsonArray } from './json-array.ts';
import { readLines } from './lines.ts';
import { RowFault } from './row-fault.ts';
import { decodeUtf8 } from './utf8.ts';

/** The fields of a row, by name. Those of CSV are texts. */
export type Fields = Readonly<Record<string, unknown>>;

/** A row with its number in the report. Lines and CSV rows count from 1; elements of an array, and rows without a header, from 0. */
export type Row = Readonly<{ record: number; fields: Fields | RowFault }>;

export const formats = ['jsonl', 'json', 'csv'] as const;
export type Format = (typeof formats)[number];

/** How the columns of a CSV file without a header become fields. */
type Columns = (columns: readonly string[]) => Fields | null;

export type ReadOptions = Readonly<{
  /** By default the ending of the file tells. */
  format: Format | null;
  /** If given, CSV files have no header. */
  columns: Columns | null;
  /** What a cell of a CSV file with a header means; null if it means itself. */
  csvText: ((cell: string) => string) | null;
}>;

/** Reads the rows of a file, one after the other. @throws UsageError if its form is not known */
export async function* readRows(
  path: string,
  { format, columns, csvText }: ReadOptions,
): AsyncGenerator<Row> {
  switch (format ?? (await guessFormat(path))) {
    case 'jsonl':
      return yield* readJsonLines(path);
    case 'json':
      return yield* readJsonElements(path);
    case 'csv':
      return yield* columns === null ? readCsvWithHeader(path, csvText) : readCsvByColumns(path, columns);
  }
}

const ENDINGS: Readonly<Record<string, Format>> = { csv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl' };

/** Tells the format by the ending. A file `.json` is an array, an object with an array, or lines. */
async function guessFormat(path: string): Promise<Format> {
  const ending = path.split('.').at(-1)?.toLowerCase() ?? '';
  const known = ENDINGS[ending];
  if (known !== undefined) return known;
  if (ending !== 'json') throw new UsageError(`${path}: name the form of this file with --format.`);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    const start = buffer
      .subarray(0, bytesRead)
      .toString('latin1')
      .replace(/^[\s\u00ef\u00bb\u00bf]+/, '');
    return /^\[|^\{\s*"users"\s*:/.test(start) ? 'json' : 'jsonl';
  } finally {
    await file.close();
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseJson(bytes: Buffer | null): Fields | RowFault {
  try {
    if (bytes === null) return new RowFault('too_long');
    const text = decodeUtf8(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : new RowFault('bad_row');
  } catch (error) {
    return error instanceof RowFault ? error : new RowFault('bad_json');
  }
}

async function* readJsonLines(path: string): AsyncGenerator<Row> {
  let record = 0;
  for await (const line of readLines(path)) {
    record += 1;
    if (line === null || line.length > 0) yield { record, fields: parseJson(line) };
  }
}

async function* readJsonElements(path: string): AsyncGenerator<Row> {
  let record = 0;
  for await (const element of readJsonArray(path)) {
    yield { record, fields: parseJson(element) };
    record += 1;
  }
}

async function* readCsvWithHeader(path: string, csvText: ReadOptions['csvText']): AsyncGenerator<Row> {
  const meaning = csvText ?? ((cell: string) => cell);
  let header: readonly string[] | null = null;
  let record = 0;
  for await (const row of readCsv(
    readLines(path),
    (columns) => header === null || columns.length === header.length,
  )) {
    if (header === null) {
      if (row instanceof RowFault || new Set(row).size < row.length)
        throw new UsageError(`${path}: the first row must hold the names of the columns, each once.`);
      header = row.map((name) => meaning(name).trim());
      continue;
    }
    record += 1;
    const names = header;
    const fields =
      row instanceof RowFault ? row : Object.fromEntries(row.map((value, at) => [names[at], meaning(value)]));
    yield { record, fields };
  }
}

async function* readCsvByColumns(path: string, columns: Columns): AsyncGenerator<Row> {
  let record = 0;
  for await (const row of readCsv(readLines(path), (cells) => columns(cells) !== null)) {
    yield { record, fields: row instanceof RowFault ? row : (columns(row) ?? new RowFault('bad_row')) };
    record += 1;
  }
}
