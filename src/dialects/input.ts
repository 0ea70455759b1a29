import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { AuthError } from '../errors.ts';
import { hasBody, readAttributes } from '../request/body.ts';
import { readQuery } from '../request/url-encoded.ts';
import { attributeAt } from '../request/well-formed.ts';
import type { BodyRule } from './dialect.ts';

type Path = readonly PropertyKey[];

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

/**
 * Validates input, which it may change.
 * @throws AuthError `required` for the first attribute that is missing, else `invalid` for the first that is wrong
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  { nullIsMissing }: Pick<BodyRule, 'nullIsMissing'>,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path);
  if (nullIsMissing && deleteNulls(given, paths)) return validate(schema, given, { nullIsMissing });
  const missing = paths.find((path) => valueAt(given, path) === undefined);
  const attribute = attributeAt(missing ?? paths[0] ?? []);
  throw new AuthError(missing === undefined ? 'invalid' : 'required', attribute === '' ? {} : { attribute });
}

/**
 * Reads the body of a request. Undefined for a request without a body, if the schema accepts that.
 * @throws AuthError what `readAttributes` and `validate` throw
 */
export async function readBodyInput(
  schema: z.ZodType,
  request: IncomingMessage,
  rule: BodyRule,
): Promise<unknown> {
  if (!hasBody(request) && schema.safeParse(undefined).success) return undefined;
  return validate(schema, await readAttributes(request, rule), rule);
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
  const values = readQuery(request);
  const given = Object.entries(schema.shape).flatMap(([name, of]) => {
    const all = values.get(name);
    if (all === undefined) return [];
    return [[name, unwrapSchema(of) instanceof z.ZodArray ? all : all[0]] as const];
  });
  return validate(schema, Object.fromEntries(given), { nullIsMissing: false });
}
