import { isDeepStrictEqual } from 'node:util';
import {
  astFromValue,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type InputValueDefinitionNode,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
  Kind,
  print,
  type TypeDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';
import type { CheckContext } from './context.ts';
import { type Finding, finding } from './rules.ts';
import { BUILT_IN_SCALARS, typesOf } from './sdl-document.ts';

const missing = (at: string, name: string) =>
  finding('sdl-exists', at, `${name} is not in the gateway's schema.`);

/** Checks that each definition is a part of the gateway's: same kinds, exact types, equal defaults. */
export function* checkAgainstUpstream(
  { seen }: CheckContext,
  at: string,
  document: DocumentNode,
): Generator<Finding> {
  for (const type of typesOf(document)) {
    const upstream = seen.getType(type.name.value);
    const place = `${at}, ${type.name.value}`;
    if (upstream !== undefined) yield* checkDefinition(place, type, upstream);
    else if (!BUILT_IN_SCALARS.has(type.name.value)) yield missing(place, type.name.value);
  }
}

function* checkDefinition(
  at: string,
  type: TypeDefinitionNode,
  upstream: GraphQLNamedType,
): Generator<Finding> {
  if (type.kind === Kind.OBJECT_TYPE_DEFINITION && isObjectType(upstream)) {
    yield* checkFields(at, type.fields, upstream);
    const interfaces = upstream.getInterfaces().map(({ name }) => name);
    yield* checkSubset(at, type.interfaces, interfaces);
  } else if (type.kind === Kind.INTERFACE_TYPE_DEFINITION && isInterfaceType(upstream)) {
    yield* checkFields(at, type.fields, upstream);
  } else if (type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION && isInputObjectType(upstream)) {
    yield* checkInputs(at, type.fields, Object.values(upstream.getFields()));
  } else if (type.kind === Kind.ENUM_TYPE_DEFINITION && isEnumType(upstream)) {
    const values = upstream.getValues().map(({ name }) => name);
    yield* checkSubset(at, type.values, values);
  } else if (type.kind === Kind.UNION_TYPE_DEFINITION && isUnionType(upstream)) {
    const members = upstream.getTypes().map(({ name }) => name);
    yield* checkSubset(at, type.types, members);
  } else if (type.kind !== Kind.SCALAR_TYPE_DEFINITION || !isScalarType(upstream)) {
    yield finding('sdl-exists', at, 'The gateway’s type of this name has another kind.');
  }
}

type Named = { name: { value: string } };

function* checkSubset(
  at: string,
  nodes: readonly Named[] | undefined,
  upstream: readonly string[],
): Generator<Finding> {
  for (const { name } of nodes ?? []) if (!upstream.includes(name.value)) yield missing(at, name.value);
}

function* checkFields(
  at: string,
  fields: readonly FieldDefinitionNode[] | undefined,
  upstream: GraphQLObjectType | GraphQLInterfaceType,
): Generator<Finding> {
  for (const field of fields ?? []) {
    const found = upstream.getFields()[field.name.value];
    if (found === undefined) {
      yield missing(at, field.name.value);
      continue;
    }
    const place = `${at}.${field.name.value}`;
    yield* checkExactType(place, print(field.type), String(found.type));
    yield* checkInputs(place, field.arguments, found.args);
  }
}

function* checkInputs(
  at: string,
  nodes: readonly InputValueDefinitionNode[] | undefined,
  upstream: readonly (GraphQLArgument | GraphQLInputField)[],
): Generator<Finding> {
  for (const node of nodes ?? []) {
    const found = upstream.find(({ name }) => name === node.name.value);
    if (found === undefined) {
      yield missing(at, node.name.value);
      continue;
    }
    const place = `${at}.${node.name.value}`;
    yield* checkExactType(place, print(node.type), String(found.type));
    if (sameDefault(node, found)) continue;
    yield finding('sdl-default', place, 'The default value differs from the one in the gateway.');
  }
  const given = new Set((nodes ?? []).map(({ name }) => name.value));
  for (const { name, type } of upstream) {
    if (!isNonNullType(type) || given.has(name)) continue;
    yield finding(
      'sdl-required',
      `${at}.${name}`,
      'The gateway requires this input, so a call without it fails.',
    );
  }
}

function* checkExactType(at: string, given: string, expected: string): Generator<Finding> {
  if (given !== expected)
    yield finding('sdl-type', at, `The type is ${given}; in the gateway it is ${expected}.`);
}

function sameDefault(node: InputValueDefinitionNode, upstream: GraphQLArgument | GraphQLInputField): boolean {
  const { defaultValue, type } = upstream;
  const expected = defaultValue === undefined ? undefined : astFromValue(defaultValue, type);
  if (node.defaultValue === undefined || expected == null)
    return node.defaultValue === undefined && expected == null;
  return isDeepStrictEqual(valueFromASTUntyped(node.defaultValue), valueFromASTUntyped(expected));
}
