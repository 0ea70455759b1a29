import {
  type DefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  parse,
  print,
} from 'graphql';
import type { Action, ActionRelationship, CustomTypes } from './metadata-types.ts';

// `actions.graphql` as the CLI splits it (hasura/README.md, "Actions").

const definitionsIn = (sdl: string): readonly DefinitionNode[] =>
  sdl.trim() === '' ? [] : parse(sdl).definitions;
const isRoot = (name: string): boolean => name === 'Mutation' || name === 'Query';

/** The actions of the SDL, with what `actions.yaml` has for them. @throws Error for an action that only one of them has */
export function sdlActions(sdl: string, actions: readonly Action[]): Action[] {
  const fields = definitionsIn(sdl).flatMap((node) => {
    const isObject = node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
    return isObject && isRoot(node.name.value)
      ? (node.fields ?? []).map((field) => ({ type: node.name.value.toLowerCase(), field }))
      : [];
  });
  for (const { name } of actions)
    if (!fields.some(({ field }) => field.name.value === name))
      throw new Error(`action ${name} is not present in actions.graphql`);
  return fields.map(({ type, field }) => {
    const action = actions.find(({ name }) => name === field.name.value);
    if (action === undefined) throw new Error(`action ${field.name.value} has no handler in actions.yaml`);
    const { kind, ...definition } = action.definition;
    return {
      ...action,
      definition: {
        ...definition,
        ...(type === 'mutation' && kind !== undefined && { kind }),
        type: type as 'query' | 'mutation',
        arguments: (field.arguments ?? []).map(readField),
        output_type: print(field.type),
      },
    };
  });
}

const described = ({ description }: { description?: { value: string } | undefined }) =>
  description === undefined ? {} : { description: description.value };

const readField = (node: FieldDefinitionNode | InputValueDefinitionNode) => ({
  ...{ name: node.name.value, type: print(node.type), ...described(node) },
});

/** The custom types of the SDL, with the relationships that `actions.yaml` has. */
export function sdlTypes(sdl: string, relationships: ReadonlyMap<string, ActionRelationship[]>): CustomTypes {
  const objects: NonNullable<CustomTypes['objects']> = [];
  const inputs: NonNullable<CustomTypes['input_objects']> = [];
  const scalars: NonNullable<CustomTypes['scalars']> = [];
  const enums: NonNullable<CustomTypes['enums']> = [];
  for (const node of definitionsIn(sdl)) {
    if (!('name' in node) || node.name === undefined || isRoot(node.name.value)) continue;
    const name = node.name.value;
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION) {
      const related = relationships.get(name) ?? [];
      const fields = (node.fields ?? []).map(readField);
      objects.push({
        name,
        ...described(node),
        fields,
        ...(related.length > 0 && { relationships: related }),
      });
    } else if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION)
      inputs.push({ name, ...described(node), fields: (node.fields ?? []).map(readField) });
    else if (node.kind === Kind.SCALAR_TYPE_DEFINITION) scalars.push({ name, ...described(node) });
    else if (node.kind === Kind.ENUM_TYPE_DEFINITION)
      enums.push({
        name,
        ...described(node),
        values: (node.values ?? []).map((value) => ({ value: value.name.value })),
      });
  }
  return { objects, input_objects: inputs, scalars, enums };
}
