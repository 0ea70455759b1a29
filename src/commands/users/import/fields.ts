import { isUuid } from '../../../db/uuid.ts';
import { canonicalEmail } from '../../../mail/email-address.ts';
import { parseName } from '../../../users/attributes.ts';
import type { Fields } from './records.ts';
import { RowFault } from './row-fault.ts';

/** Reads a text; null if it is missing or empty. @throws RowFault `bad_row` for another type, or a text that Postgres cannot store */
export function readText(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text.includes('\0') || !text.isWellFormed()) throw new RowFault('bad_row');
  return text;
}

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...([true, 't', 'true'] as const).map((value) => [value, true] as const),
  ...([false, 'f', 'false', null, undefined, ''] as const).map((value) => [value, false] as const),
]);

/** Reads a boolean, which CSV spells as a text. Missing is false. @throws RowFault `bad_row` */
export function readFlag(value: unknown): boolean {
  const flag = FLAGS.get(value);
  if (flag === undefined) throw new RowFault('bad_row');
  return flag;
}

/** Reads an object, which CSV and Firebase hold as a text of JSON. Null if it is missing. @throws RowFault `bad_row` */
export function readObject(value: unknown): Fields | null {
  if (value === undefined || value === null || value === '') return null;
  const object = typeof value === 'string' ? parseOrNull(value) : value;
  if (object === null) return null;
  if (typeof object !== 'object' || Array.isArray(object)) throw new RowFault('bad_row');
  return object as Fields;
}

/** Reads a list of objects, which CSV holds as a text of JSON. Empty if it is missing. @throws RowFault `bad_row` */
export function readObjects(value: unknown): Fields[] {
  if (value === undefined || value === null || value === '') return [];
  const list = typeof value === 'string' ? parseOrNull(value) : value;
  if (!Array.isArray(list)) throw new RowFault('bad_row');
  return list.map((entry) => {
    const object = readObject(entry);
    if (object === null) throw new RowFault('bad_row');
    return object;
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RowFault('bad_row');
  }
}

/** Reads a UUID in either case. @throws RowFault `bad_id` */
export function readUuid(value: unknown): string {
  const id = typeof value === 'string' ? value.toLowerCase() : value;
  if (!isUuid(id)) throw new RowFault('bad_id');
  return id;
}

/** Reads an address in its canonical form; null if it is missing. @throws RowFault `bad_email` */
export function readEmail(value: unknown): string | null {
  const text = readText(value);
  if (text === null) return null;
  const email = canonicalEmail(text);
  if (email === null) throw new RowFault('bad_email');
  return email;
}

/** Reads a name; null if it is missing, or is not a name here. */
export function readName(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  try {
    return parseName(value, 'name');
  } catch {
    return null;
  }
}

const MOMENT =
  /^(?<date>\d{4}-\d\d-\d\d)[T ](?<time>\d\d:\d\d:\d\d)(?<fraction>\.\d{1,9})?(?: ?(?<zone>Z|[+-]\d\d(?::?\d\d)?))$/;

/** Returns the date if it is in a range that every table takes. @throws RowFault `bad_time` */
function inRange(milliseconds: number): Date {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear();
  if (Number.isNaN(milliseconds) || year < 1970 || year > 9999) throw new RowFault('bad_time');
  return date;
}

/** Reads a moment in ISO 8601 or as Postgres spells it, with a zone; null if it is missing. @throws RowFault `bad_time` */
export function readMoment(value: unknown): Date | null {
  if (value === undefined || value === null || value === '') return null;
  const parts = typeof value === 'string' ? MOMENT.exec(value)?.groups : undefined;
  if (parts === undefined) throw new RowFault('bad_time');
  const { date = '', time = '', fraction = '', zone = 'Z' } = parts;
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  const moment = inRange(Date.parse(`${date}T${time}${fraction.slice(0, 4)}${offset}`));
  // Date.parse moves the 31st of February to March.
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) throw new RowFault('bad_time');
  return moment;
}

/** Reads milliseconds since 1970, as digits; null if they are missing. @throws RowFault `bad_time` */
export function readMilliseconds(value: unknown): Date | null {
  if (value === undefined || value === null || value === '') return null;
  if (!/^\d{1,15}$/.test(String(value))) throw new RowFault('bad_time');
  return inRange(Number(value));
}

const RFC_1123 = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Reads a moment in the form of RFC 1123; null if it is missing. @throws RowFault `bad_time` */
export function readHttpDate(value: unknown): Date | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string' || !RFC_1123.test(value)) throw new RowFault('bad_time');
  const moment = inRange(Date.parse(value));
  if (moment.toUTCString() !== value) throw new RowFault('bad_time');
  return moment;
}
