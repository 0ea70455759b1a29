import {
  type GraphQLInputType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  print,
  type TypeNode,
  type ValueNode,
} from 'graphql';
import { refusal } from './failure.ts';

/** A value as the client gave it: written into the document, or in the variables. */
export type Given = { literal: ValueNode } | { json: unknown };

/** The variables of an operation. One that is absent and has no default is null. */
export type GivenVariables = {
  definition: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
};

export const invalid = (message: string, path: string) => refusal('validation-failed', message, path);

/** `$.a.b[0]`; keys that are no words in brackets. */
export const at = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : /^\w+$/.test(key) ? `${path}.${key}` : `${path}['${key}']`;

/** A variable's value in its place, where its type fits (hasura/README.md, "Table queries"). */
export function peel(given: Given, scope: GivenVariables, type: GraphQLInputType, path: string): Given {
  if (!('literal' in given) || given.literal.kind !== Kind.VARIABLE) return given;
  const name = given.literal.name.value;
  const declared = scope.definition.variableDefinitions?.find((node) => node.variable.name.value === name);
  // A variable that nobody declared is for the other rules to refuse.
  if (declared === undefined) return { json: null };
  const hasDefault = declared.defaultValue !== undefined && declared.defaultValue.kind !== Kind.NULL;
  if (!fits(declared.type, type, hasDefault)) {
    const what = `variable '${name}' is declared as '${print(declared.type)}'`;
    throw invalid(`${what}, but used where '${String(type)}' is expected`, path);
  }
  const value = scope.variables[name];
  if (value !== undefined) return { json: value };
  return declared.defaultValue === undefined ? { json: null } : { literal: declared.defaultValue };
}

const isRequired = (type: TypeNode): boolean => type.kind === Kind.NON_NULL_TYPE;
const nullable = (type: string): string => type.replace(/!$/, '');

function fits(declared: TypeNode, expected: GraphQLInputType, hasDefault: boolean): boolean {
  if (isNonNullType(expected) && !isRequired(declared) && !hasDefault) return false;
  return sameShape(nullable(print(declared)), nullable(String(expected)));
}

/** Inside a list a declared `!` may be more than is expected, and never less. */
function sameShape(declared: string, expected: string): boolean {
  const [inner, outer] = [/^\[(.*)\]$/.exec(declared)?.[1], /^\[(.*)\]$/.exec(expected)?.[1]];
  if (inner === undefined || outer === undefined) return declared === expected;
  return (!outer.endsWith('!') || inner.endsWith('!')) && sameShape(nullable(inner), nullable(outer));
}

export const isNull = (given: Given): boolean =>
  'literal' in given ? given.literal.kind === Kind.NULL : given.json == null;

const KINDS: Readonly<Record<string, string>> = {
  ...{ IntValue: 'an integer', FloatValue: 'a float', StringValue: 'a string', BooleanValue: 'a boolean' },
  ...{ NullValue: 'null', EnumValue: 'an enum value', ListValue: 'a list', ObjectValue: 'an object' },
};

/** What a value is, in the engine's words. */
export function describe(given: Given): string {
  if ('literal' in given) return KINDS[given.literal.kind] ?? given.literal.kind;
  const { json } = given;
  if (json == null) return 'null';
  if (Array.isArray(json)) return 'a list';
  return typeof json === 'object' ? 'an object' : `a ${typeof json}`;
}

/** The items of a list; a single value is a list of one. */
export function itemsOf(given: Given): Given[] {
  if ('literal' in given)
    return given.literal.kind === Kind.LIST ? given.literal.values.map((literal) => ({ literal })) : [given];
  return Array.isArray(given.json) ? given.json.map((json: unknown) => ({ json })) : [given];
}

/** The fields of an object, or null for what is none. */
export function fieldsOfValue(given: Given): Map<string, Given> | null {
  if ('literal' in given)
    return given.literal.kind === Kind.OBJECT
      ? new Map(given.literal.fields.map(({ name, value }) => [name.value, { literal: value }]))
      : null;
  if (describe(given) !== 'an object') return null;
  return new Map(Object.entries(given.json as object).map(([name, json]) => [name, { json }]));
}

/** As JSON, whatever it is; its variables in their places. */
export function jsonOf(given: Given, { variables }: GivenVariables): unknown {
  if ('json' in given) return given.json;
  const { literal } = given;
  const inner = (value: ValueNode) => jsonOf({ literal: value }, { variables } as GivenVariables);
  switch (literal.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return Number(literal.value);
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return literal.values.map(inner);
    case Kind.OBJECT:
      return Object.fromEntries(literal.fields.map(({ name, value }) => [name.value, inner(value)]));
    case Kind.VARIABLE:
      return variables[literal.name.value] ?? null;
    default:
      return literal.value;
  }
}
