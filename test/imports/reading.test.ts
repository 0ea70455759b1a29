import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readHttpDate, readMilliseconds, readMoment } from '../../src/commands/users/import/fields.ts';
import { type Format, readRows } from '../../src/commands/users/import/records.ts';
import { RowFault } from '../../src/commands/users/import/row-fault.ts';
import { writeExport } from './exports.ts';

/** Reads a file, and returns each row with its number: its fields, or why it cannot be read. */
async function rowsIn(name: string, content: Buffer | string, format: Format | null = null) {
  const folder = await writeExport([{ name, base64: Buffer.from(content).toString('base64') }]);
  const rows: unknown[] = [];
  const options = { format, columns: null, csvText: null };
  for await (const { record, fields } of readRows(join(folder, name), options))
    rows.push([record, fields instanceof RowFault ? fields.reason : fields]);
  return rows;
}

const LONG = 'x'.repeat(300 * 1024);

test('JSON lines count from 1, also over blank, broken and too long ones', async () => {
  const text = `\ufeff{"a":1}\r\n\n{"a":\n[1]\n{"a":"${LONG}"}\n{"a":2}`;
  expect(await rowsIn('a.jsonl', text)).toEqual([
    [1, { a: 1 }],
    [3, 'bad_json'],
    [4, 'bad_row'],
    [5, 'too_long'],
    [6, { a: 2 }],
  ]);
});

test('elements of an array count from 0, also with brackets and quotes in their texts', async () => {
  const elements = [{ a: ']}",\\"' }, { a: [{ b: '[' }] }, { a: LONG }, { a: 'é'.repeat(70_000) }];
  const expected = [
    [0, elements[0]],
    [1, elements[1]],
    [2, 'too_long'],
    [3, elements[3]],
  ];
  expect(await rowsIn('a.json', JSON.stringify(elements, null, 2))).toEqual(expected);
  expect(await rowsIn('a.json', JSON.stringify({ users: elements }))).toEqual(expected);
  expect(await rowsIn('a.json', '[]')).toEqual([]);
});

test('an array that ends too early has a broken last element', async () => {
  expect(await rowsIn('a.json', '[{"a":1},{"a":')).toEqual([
    [0, { a: 1 }],
    [1, 'bad_json'],
  ]);
  expect(await rowsIn('a.json', '[{"a":1},')).toEqual([
    [0, { a: 1 }],
    [1, 'bad_json'],
  ]);
});

test('a text that is not UTF-8 makes one row unreadable', async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"a":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}\n{"a":"b"}\n'),
  ]);
  expect(await rowsIn('a.jsonl', bytes)).toEqual([
    [1, 'not_utf8'],
    [2, { a: 'b' }],
  ]);
});

test('rows of CSV count from 1, and a broken one ends with its line', async () => {
  const text = 'a,b\n"two\nlines","a ""quote"""\nonly one\n"never closed,1\n2,3\n';
  expect(await rowsIn('a.csv', text)).toEqual([
    [1, { a: 'two\nlines', b: 'a "quote"' }],
    [2, 'bad_row'],
    [3, 'bad_row'],
    [4, { a: '2', b: '3' }],
  ]);
});

test('a row that never closes a quote takes no other row with it, and lines after it are read once', async () => {
  const open = Buffer.from('a,b\n"never closed,1\n2,3\n');
  const bad = Buffer.from([0xc3, 0x28, 0x2c, 0x22, 0x34, 0x0a]); // not UTF-8, and a quote
  expect(await rowsIn('a.csv', Buffer.concat([open, bad, Buffer.from('5,6\n')]))).toEqual([
    [1, 'bad_row'],
    [2, { a: '2', b: '3' }],
    [3, 'bad_row'],
    [4, { a: '5', b: '6' }],
  ]);
  const blank = '\n'.repeat(250_000);
  expect(await rowsIn('a.csv', `a,b\n"never closed,1\n${blank}5,6\n`)).toEqual([
    [1, 'bad_row'],
    [2, { a: '5', b: '6' }],
  ]);
});

test('a whole row of CSV that is not UTF-8 is one row, and a byte order mark may stand before a quote', async () => {
  const head = Buffer.from('\ufeff"a",b\n"two\n');
  const bytes = Buffer.concat([head, Buffer.from([0xc3, 0x28]), Buffer.from('",1\n2,é\n')]);
  expect(await rowsIn('a.csv', bytes)).toEqual([
    [1, 'not_utf8'],
    [2, { a: '2', b: 'é' }],
  ]);
});

test('a row may have exactly 256 KiB, without its line end', async () => {
  const rowOf = (bytes: number) => `${'x'.repeat(bytes - 2)},1`;
  const two = `"${'x\n'.repeat(131_071)}",1`;
  const text = `a,b\r\n${rowOf(262_144)}\r\n${rowOf(262_145)}\r\n${two}\r\n2,3\r\n`;
  const rows = await rowsIn('a.csv', text);
  expect(rows.map((row) => (Array.isArray(row) && typeof row[1] === 'string' ? row[1] : 'read'))).toEqual([
    ...['read', 'too_long', 'too_long', 'read'],
  ]);
});

test.each([
  ['a.txt', '{}', 'name the form of this file with --format'],
  ['a.json', '{"users":1}', 'neither a JSON array nor an object with an array'],
  ['a.csv', 'a,a\n1,2\n', 'names of the columns, each once'],
])('the file %s with %j is refused', async (name, text, message) => {
  await expect(rowsIn(name, text)).rejects.toThrow(message);
});

test.each([
  ['2020-01-10T00:30:15.120456+00:00', '2020-01-10T00:30:15.120Z'],
  ['2020-01-10 00:30:15+02', '2020-01-09T22:30:15.000Z'],
  ['2020-01-10T00:30:15Z', '2020-01-10T00:30:15.000Z'],
  ['2020-01-10T00:30:15.5-0330', '2020-01-10T04:00:15.500Z'],
])('the moment %s is read as %s', (text, iso) => {
  expect(readMoment(text)?.toISOString()).toBe(iso);
});

test.each([
  'yesterday',
  '2020-02-30T00:00:00Z',
  '2020-01-10',
  '2020-01-10T00:30:15',
  '2020-01-10T25:00:00Z',
  '0001-01-01T00:00:00Z',
  'infinity',
  5,
])('the moment %j is refused', (value) => {
  expect(() => readMoment(value)).toThrow('bad_time');
});

test('milliseconds and dates of HTTP are read strictly', () => {
  expect(readMilliseconds('1600000000000')?.toISOString()).toBe('2020-09-13T12:26:40.000Z');
  for (const wrong of ['1e3', '-1', 'x', '9'.repeat(15)])
    expect(() => readMilliseconds(wrong)).toThrow('bad_time');
  expect(readHttpDate('Thu, 17 Sep 2020 12:26:40 GMT')?.toISOString()).toBe('2020-09-17T12:26:40.000Z');
  for (const wrong of ['Fri, 17 Sep 2020 12:26:40 GMT', 'Thu, 17 Sep 2020', '2020-09-17'])
    expect(() => readHttpDate(wrong)).toThrow('bad_time');
});
