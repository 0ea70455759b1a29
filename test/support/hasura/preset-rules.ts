import {
  type ConstValueNode,
  type DocumentNode,
  type InputValueDefinitionNode,
  Kind,
  print,
  type TypeDefinitionNode,
  type TypeNode,
  visit,
} from 'graphql';

/** What of a role's SDL a preset can be for, by name. */
type Types = ReadonlyMap<string, TypeDefinitionNode>;

const BUILT_IN = ['String', 'Int', 'Float', 'Boolean', 'ID'];
const isVariable = (value: ConstValueNode): boolean =>
  value.kind === Kind.STRING && /^x-hasura-/i.test(value.value);

/**
 * Every preset is a value of its argument's kind, and alone there (hasura/README.md, "Remote schema permissions").
 * @throws Error with what is wrong
 */
export function requirePresets(document: DocumentNode): void {
  const types: Types = new Map(
    document.definitions.flatMap((node) =>
      'name' in node && node.name !== undefined ? [[node.name.value, node as TypeDefinitionNode]] : [],
    ),
  );
  visit(document, {
    Directive({ name }, _key, parent, _path, ancestors) {
      const owner = ancestors.at(-1);
      const isInput =
        Array.isArray(parent) && owner && 'kind' in owner && owner.kind === Kind.INPUT_VALUE_DEFINITION;
      if (name.value === 'preset' && !isInput)
        throw new Error(
          'Preset directives can be defined only on INPUT_FIELD_DEFINITION or ARGUMENT_DEFINITION',
        );
    },
    InputValueDefinition: (node) => requirePreset(types, node),
  });
}

function requirePreset(types: Types, { name, type, directives = [] }: InputValueDefinitionNode): void {
  const [preset, ...others] = directives.filter((directive) => directive.name.value === 'preset');
  if (others.length > 0) throw new Error(`found multiple preset directives at "${name.value}"`);
  if (preset === undefined) return;
  const given = new Map(preset.arguments?.map((argument) => [argument.name.value, argument.value]));
  const [value, fixed] = [given.get('value'), given.get('static')];
  if (value === undefined) throw new Error(`preset argument "value" not found at "${name.value}"`);
  if (fixed !== undefined && fixed.kind !== Kind.BOOLEAN)
    throw new Error('expected preset static value to be a Boolean value');
  requireValue(types, type, value, name.value);
}

function requireValue(types: Types, type: TypeNode, value: ConstValueNode, at: string): void {
  if (type.kind === Kind.NON_NULL_TYPE) requireValue(types, type.type, value, at);
  else if (type.kind === Kind.NAMED_TYPE) requireNamed(types, type.name.value, value);
  else {
    if (isVariable(value))
      throw new Error(
        `illegal preset value at "${at}". Session arguments can only be set for singleton values`,
      );
    // A value alone is a list of one.
    const items = value.kind === Kind.LIST ? value.values : [value];
    for (const item of items) requireValue(types, type.type, item, at);
  }
}

function requireNamed(types: Types, name: string, value: ConstValueNode): void {
  const node = types.get(name);
  const expected = (kind: string) =>
    new Error(`expected preset value "${print(value)}" of type "${name}" to be ${kind} value`);
  if (BUILT_IN.includes(name) || node?.kind === Kind.SCALAR_TYPE_DEFINITION) {
    if ([Kind.ENUM, Kind.LIST, Kind.OBJECT].some((kind) => kind === value.kind)) throw expected('a scalar');
  } else if (node?.kind === Kind.ENUM_TYPE_DEFINITION) {
    if (isVariable(value)) return;
    if (value.kind !== Kind.ENUM) throw expected('an enum');
    if (!node.values?.some((known) => known.name.value === value.value))
      throw new Error(`"${value.value}" not found in the enum: "${name}"`);
  } else if (node?.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    if (value.kind !== Kind.OBJECT) throw expected('an input object');
    for (const { name: key, value: inner } of value.fields) {
      const field = node.fields?.find((known) => known.name.value === key.value);
      if (field === undefined) throw new Error(`"${key.value}" does not exist in the input object "${name}"`);
      requireValue(types, field.type, inner, key.value);
    }
  } else throw new Error(`expected "${name}" to be an input type, but it's an output type`);
}
