import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { refusal } from './failure.ts';
import { requireDisjoint, requireDistinctOn } from './table-argument-rules.ts';
import {
  at,
  describe,
  fieldsOfValue,
  type Given,
  type GivenVariables,
  invalid,
  isNull,
  itemsOf,
  jsonOf,
  peel,
} from './table-values.ts';

export type Arguments = Record<string, unknown>;

/** Columns that may be null, by the input type that sets them: `portcullis_users_set_input`. */
export type NullableColumns = ReadonlyMap<string, ReadonlySet<string>>;
export type ArgumentScope = GivenVariables & { nullableColumns: NullableColumns };

type Read = { scope: ArgumentScope; type: GraphQLInputType; given: Given; path: string };
/** Where a value stands: the field's or argument's name, and the input type that it is a field of. */
type Spot = { name: string; parent: string | null };

/** Arguments for which null is as good as nothing. */
const OPTIONAL = ['where', 'limit', 'offset', 'order_by', 'distinct_on', 'on_conflict'];

function takesNull(
  { name, parent }: Spot,
  type: GraphQLInputType,
  { nullableColumns }: ArgumentScope,
): boolean {
  if (isNonNullType(type)) return false;
  if (parent === null || name === 'on_conflict') return OPTIONAL.includes(name);
  if (parent.endsWith('_order_by')) return true;
  if (parent.endsWith('_on_conflict')) return name === 'where';
  return name === '_has_key' || nullableColumns.get(parent)?.has(name) === true;
}

/**
 * Reads the arguments of a field of the tables as the engine does (hasura/README.md, "Table queries"): an absent variable is
 * null, and null is refused wherever it would silently widen a condition.
 */
export function readArguments(
  scope: ArgumentScope,
  definition: GraphQLField<unknown, unknown>,
  { field, path }: { field: FieldNode; path: string },
): Arguments {
  const given = new Map((field.arguments ?? []).map(({ name, value }) => [name.value, { literal: value }]));
  for (const name of given.keys())
    if (!definition.args.some((argument) => argument.name === name))
      throw invalid(`'${field.name.value}' has no argument named '${name}'`, path);
  const args = readFields(scope, definition.args, given, { parent: null, path: at(path, 'args') });
  requireDistinctOn(args, at(path, 'args'));
  requireDisjoint(args, at(path, 'args'));
  return args;
}

function readFields(
  scope: ArgumentScope,
  definitions: readonly (GraphQLArgument | GraphQLInputField)[],
  given: ReadonlyMap<string, Given>,
  { parent, path }: { parent: string | null; path: string },
): Arguments {
  const read: Arguments = {};
  for (const definition of definitions) {
    const { name, type, defaultValue } = definition;
    const value = given.get(name);
    if (value !== undefined)
      read[name] = readValue({ scope, type, given: value, path: at(path, name) }, { name, parent });
    else if (isNonNullType(type) && defaultValue === undefined)
      throw invalid(`missing required field '${name}'`, at(path, name));
    else if (defaultValue !== undefined) read[name] = defaultValue;
  }
  return read;
}

function readValue({ scope, type, given, path }: Read, spot: Spot): unknown {
  const value = peel(given, scope, type, path);
  if (isNull(value) && takesNull(spot, type, scope)) return null;
  const bare = isNonNullType(type) ? type.ofType : type;
  if (isListType(bare)) {
    if (isNull(value)) throw invalid('expected a list, but found null', path);
    return itemsOf(value).map((item, index) =>
      readValue({ scope, type: bare.ofType, given: item, path: at(path, index) }, spot),
    );
  }
  const named = getNamedType(bare);
  if (isInputObjectType(named)) return readObject({ scope, type, given: value, path }, named);
  if (isEnumType(named)) return readEnum(value, named.getValues(), { path, type: named.name });
  return readScalar(scope, value, { path, type: named.name, spot });
}

function mismatch(expected: string, type: string, given: Given, path: string): Error {
  return invalid(`expected ${expected} for type '${type}', but found ${describe(given)}`, path);
}

function readObject({ scope, given, path }: Read, type: GraphQLNamedType): Arguments {
  if (!isInputObjectType(type)) throw new Error(`${type.name} is no input type.`);
  const fields = fieldsOfValue(given);
  if (fields === null) throw mismatch('an object', type.name, given, path);
  const known = type.getFields();
  for (const name of fields.keys())
    if (known[name] === undefined)
      throw invalid(`field '${name}' not found in type: '${type.name}'`, at(path, name));
  const read = readFields(scope, Object.values(known), fields, { parent: type.name, path });
  requireDisjoint(read, path);
  return read;
}

function readEnum(
  given: Given,
  values: readonly { name: string }[],
  { path, type }: { path: string; type: string },
): string {
  const isWritten = 'literal' in given ? describe(given) === 'an enum value' : typeof given.json === 'string';
  if (!isWritten) throw mismatch('an enum value', type, given, path);
  const value = String('literal' in given ? (given.literal as { value: unknown }).value : given.json);
  if (values.some(({ name }) => name === value)) return value;
  if (type !== 'order_by')
    throw new Error(`In which order the engine lists the values of ${type} is not known.`);
  const listed = values.map(({ name }) => `'${name}'`).join(', ');
  throw invalid(`expected one of the values [${listed}] for type '${type}', but found '${value}'`, path);
}

const BIG_INT = 'a 32-bit integer, or a 64-bit integer represented as a string';

function readScalar(
  scope: ArgumentScope,
  given: Given,
  { path, type, spot }: { path: string; type: string; spot: Spot },
): unknown {
  const value = jsonOf(given, scope);
  const refuse = (expected: string) => mismatch(expected, type, given, path);
  if (spot.parent === null && spot.name === 'offset') {
    if (typeof value === 'string' && /^\d+$/.test(value)) return value;
    if (typeof value !== 'number') throw refuse(BIG_INT);
    return integer(value, path);
  }
  if (spot.parent === null && spot.name === 'limit') {
    if (typeof value !== 'number' || value < 0) throw refuse('a non-negative 32-bit integer');
    return integer(value, path);
  }
  if (spot.name === '_is_null' || spot.name === 'distinct') {
    if (typeof value !== 'boolean') throw refuse('a boolean');
    return value;
  }
  if (spot.name === 'path' && spot.parent === null) {
    if (typeof value !== 'string') throw refuse('a string');
    return value;
  }
  if (isNull(given)) throw invalid(`unexpected null value for type '${type}'`, path);
  if (type === 'jsonb' || typeof value === 'string' || (type === 'Int' && typeof value === 'number'))
    return value;
  if (type === 'String') throw refuse('a string');
  throw new Error(`What the engine makes of ${describe(given)} for ${type} is not played (${path}).`);
}

function integer(value: number, path: string): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
  const why =
    'lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?';
  throw refusal('parse-failed', `The value ${scientific(value)} ${why}`, path);
}

/** As the engine writes numbers: `1.5`, `3.0e9`. */
function scientific(value: number): string {
  if (Math.abs(value) < 1e7) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e+');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${exponent}`;
}
