import { z } from 'zod';

/** A schema, and the names of the attributes that lead to it. */
type Place = Readonly<{ schema: z.ZodType; path: readonly string[] }>;

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType;

/** The schemas directly within a schema. Elements of arrays, options of unions and the like have no name. */
function innerOf({ schema, path }: Place): Place[] {
  if (schema instanceof z.ZodLazy) return [{ schema: schema.def.getter() as z.ZodType, path }];
  const { shape = {}, ...parts } = schema.def as { shape?: Record<string, z.ZodType> };
  const attributes = Object.entries(shape).map(([name, of]) => ({ schema: of, path: [...path, name] }));
  const unnamed = Object.values(parts).flat().filter(isSchema);
  return [...attributes, ...unnamed.map((of) => ({ schema: of, path }))];
}

/** A schema and all schemas within it. A recursive schema comes once. */
function placesOf(schema: z.ZodType): Place[] {
  const found: Place[] = [];
  const seen = new Set<z.ZodType>();
  const waiting: Place[] = [{ schema, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next.schema)) continue;
    seen.add(next.schema);
    found.push(next);
    waiting.push(...innerOf(next));
  }
  return found;
}

const acceptsAll = (schema: unknown): boolean =>
  schema instanceof z.ZodUnknown || schema instanceof z.ZodAny || schema instanceof z.ZodNever;

const isPlainText = (schema: unknown): boolean =>
  schema instanceof z.ZodString && (schema.def.checks ?? []).length === 0;

/** Whether a client chooses how many values Zod finds faults in. Zod stops at the `max` of an array, but not of a record. */
function isUnbounded({ schema }: Place): boolean {
  if (schema instanceof z.ZodArray) return z.core.util.sizeCaps(schema.def.checks).length === 0;
  if (schema instanceof z.ZodRecord) return !isPlainText(schema.keyType) || !acceptsAll(schema.valueType);
  const { rest, catchall } = schema.def as { rest?: unknown; catchall?: unknown };
  return [rest, catchall].some((each) => isSchema(each) && !acceptsAll(each));
}

/**
 * Checks that a client cannot make Zod list more faults than a schema bounds: 1 MB of wrong elements took 169 MB.
 * @throws Error naming the attribute
 */
export function requireBounds(schema: z.ZodType): void {
  const found = placesOf(schema).find(isUnbounded);
  if (found === undefined) return;
  const attribute = found.path.join('.') || 'the body';
  throw new Error(
    `The number of values in ${attribute} has no bound. Give arrays a leading \`max\`, and records \`z.unknown()\` values.`,
  );
}

/** Whether a schema has an attribute that every object inherits, for example `constructor`. */
export const hasInheritedName = (schema: z.ZodType): boolean =>
  placesOf(schema).some(
    ({ schema: found }) =>
      found instanceof z.ZodObject && Object.keys(found.shape).some((name) => name in Object.prototype),
  );
