import {
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  parse,
  print,
  type TypeDefinitionNode,
} from 'graphql';
import type { Declaration } from '../declaration-types.ts';
import { describeTable } from '../table-shape.ts';
import { secretHeaders } from './gateway.ts';
import type { ActionMetadata, CustomTypesMetadata, TypeRelationship } from './types.ts';

const ROOTS = { Query: 'query', Mutation: 'mutation' } as const;
const isRoot = (name: string): name is keyof typeof ROOTS => name in ROOTS;

const typesOf = (sdl: string): TypeDefinitionNode[] => parse(sdl).definitions.filter(isTypeDefinitionNode);
const nameOf = ({ name }: { name: { value: string } }) => name.value;

function rootField(sdl: string, name: string): { type: 'query' | 'mutation'; field: FieldDefinitionNode } {
  for (const type of typesOf(sdl)) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION || !isRoot(type.name.value)) continue;
    const field = type.fields?.find((candidate) => nameOf(candidate) === name);
    if (field !== undefined) return { type: ROOTS[type.name.value], field };
  }
  throw new Error(`The action ${name} has no field in the SDL of the actions.`);
}

/** Returns the actions, with the types that their SDL declares. Only admin may call them. */
export function actionsMetadata(declaration: Declaration): ActionMetadata[] {
  const { actions, gateway } = declaration;
  return actions.list.map(({ name, timeoutSeconds, comment }) => {
    const { type, field } = rootField(actions.sdl, name);
    return {
      name,
      definition: {
        kind: 'synchronous',
        type,
        arguments: (field.arguments ?? []).map((argument) => ({
          ...described(argument),
          type: print(argument.type),
        })),
        output_type: print(field.type),
        handler: `{{${gateway.urlFrom}}}/hasura/actions/${name}`,
        forward_client_headers: false,
        timeout: timeoutSeconds,
        headers: secretHeaders(declaration),
      },
      permissions: [],
      comment,
    };
  });
}

function relationshipsOf(type: string, { actions, source, tables }: Declaration): TypeRelationship[] {
  return (actions.relationships[type] ?? []).map(({ name, type: kind, table, fieldMapping }) => {
    const target = tables
      .map((declared) => describeTable(declared.table))
      .find((shape) => shape.name === table);
    if (target === undefined)
      throw new Error(`${type}.${name} leads to the table ${table}, which is not tracked.`);
    const remote_table = { schema: target.schema, name: table };
    return { name, type: kind, source: source.name, remote_table, field_mapping: fieldMapping };
  });
}

/** Returns the name and the description of a node, as Hasura stores them. */
const described = ({
  name,
  description,
}: TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode) => ({
  name: name.value,
  ...(description !== undefined && { description: description.value }),
});

const fieldsOf = (type: TypeDefinitionNode) =>
  ('fields' in type ? (type.fields ?? []) : []).map((field) => ({
    ...described(field),
    type: print(field.type),
  }));

/** Returns the types of the actions, and the relationships of their output types. */
export function customTypesMetadata(declaration: Declaration): CustomTypesMetadata {
  const types = typesOf(declaration.actions.sdl).filter((type) => !isRoot(nameOf(type)));
  const ofKind = (kind: Kind) => types.filter((type) => type.kind === kind);
  return {
    enums: ofKind(Kind.ENUM_TYPE_DEFINITION).map((type) => ({
      ...described(type),
      values: ('values' in type ? (type.values ?? []) : []).map((value) => ({ value: nameOf(value) })),
    })),
    input_objects: ofKind(Kind.INPUT_OBJECT_TYPE_DEFINITION).map((type) => ({
      ...described(type),
      fields: fieldsOf(type),
    })),
    objects: ofKind(Kind.OBJECT_TYPE_DEFINITION).map((type) => {
      const relationships = relationshipsOf(nameOf(type), declaration);
      return {
        ...described(type),
        fields: fieldsOf(type),
        ...(relationships.length > 0 && { relationships }),
      };
    }),
    scalars: ofKind(Kind.SCALAR_TYPE_DEFINITION).map(described),
  };
}
