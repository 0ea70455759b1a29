import {
  astFromValue,
  type ConstValueNode,
  type DefinitionNode,
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
  isUnionType,
  Kind,
  parse,
  print,
  type TypeDefinitionNode,
  visit,
} from 'graphql';
import { requirePresets } from './preset-rules.ts';
import { type RoleSdl, takePresets } from './presets.ts';

/** A role's SDL read, with the names of its root types. */
type ReadSdl = RoleSdl & { query: string; mutation: string };

/**
 * Holds a role's SDL against the schema that introspection gave, by the rules of hasura/README.md, "Remote schema
 * permissions". What is preset is taken out: the role does not see it.
 * @throws Error with a reason for which the engine lists the permission as inconsistent, in words of our own
 */
export function readRoleSdl(sdl: string, upstream: GraphQLSchema): ReadSdl {
  const { definitions } = parse(sdl);
  const roots = rootsOf(definitions);
  const types = definitions.filter((node) => node.kind !== Kind.SCHEMA_DEFINITION && !isBuiltIn(node));
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: types };
  const declared = new Set<string>(BUILT_IN);
  for (const node of types) {
    if (!('name' in node) || node.name === undefined || !/TypeDefinition$/.test(node.kind))
      throw new Error(`${node.kind} does not belong into a role's schema.`);
    if (declared.has(node.name.value)) throw new Error(`${node.name.value} is there twice.`);
    declared.add(node.name.value);
    requireOnce(node.name.value, node as TypeDefinitionNode);
  }
  visit(document, {
    Directive: ({ name }) =>
      name.value === 'preset' ? undefined : refuse(`The directive @${name.value} is not known.`),
    NamedType: ({ name }) =>
      declared.has(name.value) ? undefined : refuse(`${name.value} is not declared.`),
  });
  if (!declared.has(roots.query)) throw new Error(`"${roots.query}" has to be an object type`);
  for (const node of types) compareType(node as TypeDefinitionNode, upstream);
  requirePresets(document);
  return { ...takePresets(document, roots), ...roots };
}

const BUILT_IN: readonly string[] = ['String', 'Int', 'Float', 'Boolean', 'ID'];
/** Such a scalar may be declared, and need not. */
const isBuiltIn = (node: DefinitionNode): boolean =>
  node.kind === Kind.SCALAR_TYPE_DEFINITION && BUILT_IN.includes(node.name.value);

/** At most one `schema { … }` says what the roots are called. */
function rootsOf(definitions: readonly DefinitionNode[]): { query: string; mutation: string } {
  const [node, ...others] = definitions.filter((node) => node.kind === Kind.SCHEMA_DEFINITION);
  if (others.length > 0) throw new Error('multiple schema definitions found');
  const root = (operation: string, standard: string) =>
    node?.operationTypes.find((type) => type.operation === operation)?.type.name.value ?? standard;
  return { query: root('query', 'Query'), mutation: root('mutation', 'Mutation') };
}

type Named = { readonly name: { readonly value: string } };

/** No field, argument or enum value stands twice. */
function requireOnce(at: string, node: TypeDefinitionNode): void {
  const fields = 'fields' in node ? (node.fields ?? []) : [];
  const values = node.kind === Kind.ENUM_TYPE_DEFINITION ? (node.values ?? []) : [];
  const lists: (readonly Named[])[] = [
    ...[fields, values],
    ...fields.map((field) => ('arguments' in field ? (field.arguments ?? []) : [])),
  ];
  for (const list of lists) {
    const names = list.map(({ name }) => name.value);
    for (const name of names)
      if (names.indexOf(name) !== names.lastIndexOf(name)) refuse(`${name} is there twice in ${at}.`);
  }
}

function refuse(message: string): never {
  throw new Error(message);
}

function compareType(node: TypeDefinitionNode, upstream: GraphQLSchema): void {
  const name = node.name.value;
  const type = upstream.getType(name) ?? refuse(`The remote schema has no type ${name}.`);
  if (node.kind === Kind.SCALAR_TYPE_DEFINITION) {
    if (!isScalarType(type)) refuse(`${name} is no scalar.`);
    return;
  }
  if (node.kind === Kind.ENUM_TYPE_DEFINITION) {
    if (!isEnumType(type)) throw new Error(`${name} is no enum.`);
    for (const value of node.values ?? [])
      if (type.getValue(value.name.value) === undefined) refuse(`${name} has no value ${value.name.value}.`);
    return;
  }
  if (node.kind === Kind.UNION_TYPE_DEFINITION) {
    if (!isUnionType(type)) throw new Error(`${name} is no union.`);
    const members = type.getTypes().map((member) => member.name);
    for (const member of node.types ?? [])
      if (!members.includes(member.name.value)) refuse(`${name} has no member ${member.name.value}.`);
    return;
  }
  if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    if (!isInputObjectType(type)) throw new Error(`${name} is no input object.`);
    const fields = Object.values(type.getFields());
    compareInputs(name, node.fields ?? [], fields, fields.filter(isRequired));
    return;
  }
  if (!isObjectType(type) && !isInterfaceType(type)) throw new Error(`${name} is no such type.`);
  const interfaces = type.getInterfaces().map(({ name: known }) => known);
  for (const { name: implemented } of node.interfaces ?? [])
    if (!interfaces.includes(implemented.value)) refuse(`${name} implements no ${implemented.value}.`);
  if ((node.fields ?? []).length === 0) refuse(`${name} has no fields.`);
  for (const field of node.fields ?? []) compareField(name, field, type.getFields()[field.name.value]);
}

function compareField(
  parent: string,
  node: FieldDefinitionNode,
  field: GraphQLField<unknown, unknown> | undefined,
): void {
  const at = `${parent}.${node.name.value}`;
  if (field === undefined) throw new Error(`The remote schema has no field ${at}.`);
  if (print(node.type) !== String(field.type)) refuse(`${at} is ${String(field.type)}.`);
  compareInputs(at, node.arguments ?? [], field.args, field.args.filter(isRequired));
}

type Input = GraphQLArgument | GraphQLInputField;

/** To Hasura a default makes nothing optional here. */
const isRequired = ({ type }: Input): boolean => isNonNullType(type);

function compareInputs(
  at: string,
  nodes: readonly InputValueDefinitionNode[],
  inputs: readonly Input[],
  required: readonly Input[],
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
  for (const { name } of required)
    if (!nodes.some((node) => node.name.value === name)) refuse(`${at} lacks ${name}, which is required.`);
}
