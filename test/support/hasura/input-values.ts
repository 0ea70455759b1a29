import {
  type DirectiveNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  isScalarType,
  isTypeSubTypeOf,
  Kind,
  type OperationDefinitionNode,
  print,
  typeFromAST,
  type ValueNode,
} from 'graphql';
import type { Variables } from './document.ts';
import { refusal } from './failure.ts';
import { kindOf } from './json.ts';

/** A value as the document has it, or as a variable brought it. */
type Input = { node: ValueNode } | { json: unknown };

export type InputContext = {
  schema: GraphQLSchema;
  definition: OperationDefinitionNode;
  variables: Variables;
  /** What a scalar of a remote schema is, only that schema knows: the engine does not look (hasura/README.md, "Execution requests"). */
  isRemote: boolean;
};

export const invalidAt = (path: string, message: string) => refusal('validation-failed', message, path);

const DESCRIPTIONS: Record<string, string> = {
  ...{
    Null: 'null',
    Boolean: 'a boolean',
    String: 'a string',
    Number: 'a number',
    Array: 'a list',
    Object: 'an object',
  },
  ...{
    [Kind.NULL]: 'null',
    [Kind.BOOLEAN]: 'a boolean',
    [Kind.STRING]: 'a string',
    [Kind.INT]: 'an integer',
  },
  ...{
    [Kind.FLOAT]: 'a float',
    [Kind.ENUM]: 'an enum value',
    [Kind.LIST]: 'a list',
    [Kind.OBJECT]: 'an object',
  },
};
const formOf = (input: Input): string => ('node' in input ? input.node.kind : kindOf(input.json));
const isNull = (input: Input): boolean => ['Null', Kind.NULL].includes(formOf(input));

/** The arguments of a field or directive, held against what it takes. */
export function checkArguments(
  context: InputContext,
  { arguments: args = [] }: Pick<FieldNode | DirectiveNode, 'arguments'>,
  taker: { name: string; args: readonly GraphQLArgument[] },
  path: string,
): void {
  const given = new Map(args.map(({ name, value }) => [name.value, value]));
  for (const name of given.keys())
    if (!taker.args.some((argument) => argument.name === name))
      throw invalidAt(path, `'${taker.name}' has no argument named '${name}'`);
  for (const argument of taker.args) {
    const at = `${path}.args.${argument.name}`;
    const value = given.get(argument.name);
    if (value !== undefined) checkInput(context, argument, { node: value }, at);
    else if (isRequiredArgument(argument)) throw invalidAt(at, `missing required field '${argument.name}'`);
  }
}

/** An argument or input field that is there, held against its type. */
function checkInput(
  context: InputContext,
  { type, defaultValue }: Pick<GraphQLArgument | GraphQLInputField, 'type' | 'defaultValue'>,
  given: Input,
  path: string,
): void {
  const input = peel(context, type, { given, hasDefault: defaultValue !== undefined, path });
  if (input !== null) checkValue(context, type, input, path);
}

/** What a variable stands for, or null where it stands for nothing. */
function peel(
  { schema, definition, variables }: InputContext,
  type: GraphQLInputType,
  { given, hasDefault, path }: { given: Input; hasDefault: boolean; path: string },
): Input | null {
  if (!('node' in given) || given.node.kind !== Kind.VARIABLE) return given;
  const name = given.node.name.value;
  const declared = definition.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  if (declared === undefined) throw new Error(`${name} is not declared in an operation whose variables are.`);
  const variableType = typeFromAST(schema, declared.type as never);
  const isNullFree = declared.defaultValue !== undefined && declared.defaultValue.kind !== Kind.NULL;
  const place = isNonNullType(type) && (hasDefault || isNullFree) ? type.ofType : type;
  if (variableType === undefined || !isTypeSubTypeOf(schema, variableType, place))
    throw invalidAt(
      path,
      `variable '${name}' is declared as '${print(declared.type)}', but used where '${type}' is expected`,
    );
  return Object.hasOwn(variables, name) ? { json: variables[name] } : null;
}

function checkValue(context: InputContext, type: GraphQLInputType, input: Input, path: string): void {
  if (isNonNullType(type)) checkPresent(context, type.ofType, input, path);
  else if (!isNull(input)) checkPresent(context, type, input, path);
}

function checkPresent(
  context: InputContext,
  type: Exclude<GraphQLInputType, { kind: 'never' }>,
  input: Input,
  path: string,
): void {
  if (isListType(type)) {
    if (isNull(input)) throw invalidAt(path, 'expected a list, but found null');
    itemsOf(input).forEach((item, index) => {
      checkInput(context, { type: type.ofType, defaultValue: undefined }, item, `${path}[${index}]`);
    });
  } else if (isInputObjectType(type)) checkObject(context, type, input, path);
  else if (isEnumType(type)) {
    const value = 'node' in input ? (input.node.kind === Kind.ENUM ? input.node.value : null) : input.json;
    if (typeof value !== 'string') throw mismatch(path, 'an enum value', type.name, input);
    const names = type.getValues().map(({ name }) => name);
    if (!names.includes(value))
      throw invalidAt(
        path,
        `expected one of the values [${names.map((name) => `'${name}'`).join(', ')}] for type '${type.name}', but found '${value}'`,
      );
  } else if (isScalarType(type) && !context.isRemote) checkScalar(type.name, input, path);
}

const mismatch = (path: string, expected: string, type: string, input: Input) =>
  invalidAt(path, `expected ${expected} for type '${type}', but found ${DESCRIPTIONS[formOf(input)]}`);

/** One value stands for a list of one. */
function itemsOf(input: Input): Input[] {
  if ('json' in input) return [input.json].flat(1).map((json) => ({ json }));
  return input.node.kind === Kind.LIST ? input.node.values.map((node) => ({ node })) : [input];
}

function entriesOf(input: Input): Map<string, Input> | null {
  if ('node' in input)
    return input.node.kind === Kind.OBJECT
      ? new Map(input.node.fields.map(({ name, value }) => [name.value, { node: value }]))
      : null;
  return kindOf(input.json) === 'Object'
    ? new Map(Object.entries(input.json as object).map(([name, json]) => [name, { json }]))
    : null;
}

function checkObject(context: InputContext, type: GraphQLInputObjectType, input: Input, path: string): void {
  const entries = entriesOf(input);
  if (entries === null) throw mismatch(path, 'an object', type.name, input);
  const fields = type.getFields();
  for (const name of entries.keys())
    if (fields[name] === undefined)
      throw invalidAt(`${path}.${name}`, `field '${name}' not found in type: '${type.name}'`);
  for (const field of Object.values(fields)) {
    const at = `${path}.${field.name}`;
    const value = entries.get(field.name);
    if (value !== undefined) checkInput(context, field, value, at);
    else if (isRequiredInputField(field)) throw invalidAt(at, `missing required field '${field.name}'`);
  }
}

const SCALARS: Record<string, [string, readonly string[]]> = {
  Boolean: ['a boolean', ['Boolean', Kind.BOOLEAN]],
  Int: ['a 32-bit integer', ['Number', Kind.INT]],
  Float: ['a float', ['Number', Kind.FLOAT, Kind.INT]],
  String: ['a string', ['String', Kind.STRING]],
  ID: ['a String or a 32-bit integer', ['String', 'Number', Kind.STRING, Kind.INT]],
};

function checkScalar(name: string, input: Input, path: string): void {
  const [expected, forms] = SCALARS[name] ?? ['', null];
  if (forms !== null && !forms.includes(formOf(input))) throw mismatch(path, expected, name, input);
}
