import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { AuthError } from '../errors.ts';
import { hasBody, readAttributes, readBody } from '../request/body.ts';
import { requireForm } from '../request/media-type.ts';
import { parseUrlEncoded, readQuery } from '../request/url-encoded.ts';
import { attributeAt } from '../request/well-formed.ts';
import type { BodyFault, BodyRule } from './dialect.ts';
import type { Endpoint } from './endpoint.ts';
import { hasInheritedName } from './schemas.ts';

type Path = readonly PropertyKey[];

/** Fields without a name in the schema take memory too. A callback with a token takes a tenth of it. */
const MAX_FORM_BYTES = 64 * 1024;

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null;

/** Returns the value at a path; undefined if not found. Inherited properties do not count. */
const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);

/** Deletes the nulls that a schema does not accept from their objects. Returns whether there were any. */
function deleteNulls(given: unknown, paths: readonly Path[]): boolean {
  let found = false;
  for (const path of paths) {
    const object = valueAt(given, path.slice(0, -1));
    const key = path.at(-1);
    if (key === undefined || Array.isArray(object) || !isObject(object) || object[key] !== null) continue;
    delete object[key];
    found = true;
  }
  return found;
}

/** The schemas with an attribute that every object inherits, as far as they were used. */
const inheriting = new WeakMap<z.ZodType, boolean>();

/** Zod reads inherited properties as attributes. Only then are the prototypes dropped, since that takes time. */
function dropPrototypesFor(schema: z.ZodType, given: unknown): void {
  const inherits = inheriting.get(schema) ?? hasInheritedName(schema);
  inheriting.set(schema, inherits);
  const waiting = inherits ? [given] : [];
  // A loop instead of recursion: a client can nest values very deeply.
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!isObject(next)) continue;
    if (!Array.isArray(next)) Object.setPrototypeOf(next, null);
    for (const inner of Object.values(next)) if (isObject(inner)) waiting.push(inner);
  }
}

const refuseAttribute = ({ attribute, isMissing }: BodyFault): AuthError =>
  new AuthError(isMissing ? 'required' : 'invalid', attribute === '' ? {} : { attribute });

/**
 * Validates input, which it may change.
 * @throws AuthError `required` for the first attribute that is missing, else `invalid` for the first that is wrong, unless the
 * dialect has another error
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  { nullIsMissing, refuse = refuseAttribute }: Pick<BodyRule, 'nullIsMissing' | 'refuse'>,
): z.output<Schema> {
  dropPrototypesFor(schema, given);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path);
  if (nullIsMissing && deleteNulls(given, paths)) return validate(schema, given, { nullIsMissing, refuse });
  const missing = paths.find((path) => valueAt(given, path) === undefined);
  throw refuse({ attribute: attributeAt(missing ?? paths[0] ?? []), isMissing: missing !== undefined });
}

/**
 * Reads the body of a request. If the schema accepts undefined, a request without a body has what the schema makes of it.
 * @throws AuthError what `readAttributes`, `readForm` and `validate` throw
 */
export async function readBodyInput(
  schema: z.ZodType,
  request: IncomingMessage,
  { bodyFormat, ...rule }: BodyRule & Pick<Endpoint, 'bodyFormat'>,
): Promise<unknown> {
  const absent = hasBody(request) ? null : schema.safeParse(undefined);
  if (absent?.success) return absent.data;
  const read = bodyFormat === 'form' ? readForm(schema, request) : readAttributes(request, rule);
  return validate(schema, await read, rule);
}

/** @throws AuthError `unsupported_media_type`, `payload_too_large`, `busy`, `request_timeout`, `invalid_json`, `invalid_request` */
async function readForm(schema: z.ZodType, request: IncomingMessage): Promise<Record<string, unknown>> {
  requireForm(request, 'Send the request body as application/x-www-form-urlencoded.');
  return pickValues(schema, parseUrlEncoded(await readBody(request, MAX_FORM_BYTES)));
}

/** Returns a schema without its wrappers: optional, nullable, or with a default. */
export const unwrapSchema = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
    ? unwrapSchema(schema.unwrap() as z.ZodType)
    : schema;

/**
 * Reads the query of a request. A name has all its values if the schema has an array for it, otherwise the first.
 * @throws AuthError `invalid_request`, and what `validate` throws
 */
export function readQueryInput(schema: z.ZodObject, request: IncomingMessage): Record<string, unknown> {
  return validate(schema, pickValues(schema, readQuery(request)), { nullIsMissing: false });
}

/** The values that an object has names for: all of them for an array, else the first. */
function pickValues(
  schema: z.ZodType,
  values: ReadonlyMap<string, readonly string[]>,
): Record<string, unknown> {
  const object = unwrapSchema(schema);
  if (!(object instanceof z.ZodObject)) throw new Error('Forms and queries need an object schema.');
  const picked = Object.entries<z.ZodType>(object.shape).flatMap(([name, of]) => {
    const all = values.get(name);
    if (all === undefined) return [];
    return [[name, unwrapSchema(of) instanceof z.ZodArray ? all : all[0]] as const];
  });
  return Object.fromEntries(picked);
}
