import {
  astFromValue,
  buildASTSchema,
  type ConstValueNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLSchema,
  type InputValueDefinitionNode,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  print,
  type SchemaDefinitionNode,
  type TypeDefinitionNode,
  visit,
} from 'graphql';

/**
 * Compares a role's SDL with the introspected schema by the rules of hasura/README.md, "Remote schema permissions". Does not play
 * presets and unions.
 * @throws Error if the engine would list the permission as inconsistent; the message is our own
 */
export function readRoleSdl(sdl: string, upstream: GraphQLSchema): DocumentNode {
  const document = parse(sdl);
  // Throws for repeated and undeclared definitions.
  buildASTSchema(document);
  visit(document, { Directive: ({ name }) => refuse(`The directive @${name.value} is not played.`) });
  const definitions = document.definitions.filter((node) => node.kind !== Kind.SCHEMA_DEFINITION);
  for (const node of document.definitions)
    if (node.kind === Kind.SCHEMA_DEFINITION) compareRoots(node, upstream);
    else compareType(node as TypeDefinitionNode, upstream);
  return { ...document, definitions };
}

function refuse(message: string): never {
  throw new Error(message);
}

/** The roots that an SDL names must be those of the remote schema. */
function compareRoots({ operationTypes }: SchemaDefinitionNode, upstream: GraphQLSchema): void {
  const roots = { query: upstream.getQueryType(), mutation: upstream.getMutationType() };
  for (const { operation, type } of operationTypes)
    if (operation === 'subscription' || roots[operation]?.name !== type.name.value)
      refuse(`The remote schema has no root type ${type.name.value} for its ${operation}.`);
}

function compareType(node: TypeDefinitionNode, upstream: GraphQLSchema): void {
  const name = node.name.value;
  const type = upstream.getType(name);
  if (node.kind === Kind.SCALAR_TYPE_DEFINITION && isScalarType(type)) return;
  if (node.kind === Kind.ENUM_TYPE_DEFINITION && isEnumType(type)) {
    for (const value of node.values ?? [])
      if (type.getValue(value.name.value) === undefined) refuse(`${name} has no value ${value.name.value}.`);
  } else if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION && isInputObjectType(type))
    compareInputs(name, node.fields ?? [], Object.values(type.getFields()));
  else if (node.kind === Kind.OBJECT_TYPE_DEFINITION && isObjectType(type)) {
    for (const field of node.fields ?? []) compareField(name, field, type.getFields()[field.name.value]);
  } else if (node.kind === Kind.INTERFACE_TYPE_DEFINITION && isInterfaceType(type)) {
    for (const field of node.fields ?? []) compareField(name, field, type.getFields()[field.name.value]);
  } else refuse(`The remote schema has no type ${name} of this kind.`);
}

function compareField(
  parent: string,
  node: FieldDefinitionNode,
  field: GraphQLField<unknown, unknown> | undefined,
): void {
  const at = `${parent}.${node.name.value}`;
  if (field === undefined) throw new Error(`The remote schema has no field ${at}.`);
  if (print(node.type) !== String(field.type)) refuse(`${at} is ${String(field.type)}.`);
  compareInputs(at, node.arguments ?? [], field.args);
}

function compareInputs(
  at: string,
  nodes: readonly InputValueDefinitionNode[],
  inputs: readonly (GraphQLArgument | GraphQLInputField)[],
): void {
  for (const node of nodes) {
    const input = inputs.find(({ name }) => name === node.name.value);
    if (input === undefined) throw new Error(`${at} has no ${node.name.value}.`);
    if (print(node.type) !== String(input.type)) refuse(`${at} ${input.name} is ${String(input.type)}.`);
    const printed = (value: ConstValueNode | null | undefined) => (value == null ? '' : print(value));
    const standard = input.defaultValue === undefined ? null : astFromValue(input.defaultValue, input.type);
    if (printed(node.defaultValue) !== printed(standard as ConstValueNode | null))
      refuse(`The default of ${at} ${input.name} differs.`);
  }
  // Hasura requires an argument even if it has a default.
  for (const { name, type } of inputs)
    if (isNonNullType(type) && !nodes.some((node) => node.name.value === name))
      refuse(`${at} lacks ${name}, which is required.`);
}
