import {
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  isSpecifiedScalarType,
  Kind,
  type NamedTypeNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { RemoteCustomization } from './metadata-types.ts';

/** The names that the engine serves for those of a remote schema (hasura/README.md, "Customized names"). */
export type RemoteNaming = {
  /** The field under which the root fields stand, or null. */
  namespace: string | null;
  /** The served name of a type. */
  type(name: string): string;
  /** The served name of a field. */
  field(parent: string, name: string): string;
  /** The name of a served type in the remote schema. */
  originalType(served: string): string;
  originalField(servedParent: string, served: string): string;
};

function namesOfTypes(customization: RemoteCustomization, upstream: GraphQLSchema): Map<string, string> {
  const { root_fields_namespace: namespace, type_names: types = {} } = customization;
  const roots = [upstream.getQueryType(), upstream.getMutationType(), upstream.getSubscriptionType()];
  const nameFor = (type: GraphQLNamedType): string => {
    const { name } = type;
    const mapped = types.mapping?.[name];
    if (mapped !== undefined) return mapped;
    if (name.startsWith('__') || isSpecifiedScalarType(type)) return name;
    if (roots.some((root) => root === type)) return namespace === undefined ? name : `${namespace}${name}`;
    return `${types.prefix ?? ''}${name}${types.suffix ?? ''}`;
  };
  return new Map(Object.values(upstream.getTypeMap()).map((type) => [type.name, nameFor(type)]));
}

export function createRemoteNaming(
  customization: RemoteCustomization = {},
  upstream: GraphQLSchema,
): RemoteNaming {
  const types = namesOfTypes(customization, upstream);
  const originals = new Map([...types].map(([name, served]) => [served, name]));
  const originalType = (served: string) => originals.get(served) ?? served;
  const rules = customization.field_names ?? [];
  const field = (parent: string, name: string) => {
    const rule = rules.find(({ parent_type: type }) => type === parent);
    if (rule === undefined || name.startsWith('__')) return name;
    return rule.mapping?.[name] ?? `${rule.prefix ?? ''}${name}${rule.suffix ?? ''}`;
  };
  return {
    namespace: customization.root_fields_namespace ?? null,
    type: (name) => types.get(name) ?? name,
    field,
    originalType,
    originalField(servedParent, served) {
      const type = upstream.getType(originalType(servedParent));
      const fields = type !== undefined && 'getFields' in type ? Object.keys(type.getFields()) : [];
      return fields.find((name) => field(originalType(servedParent), name) === served) ?? served;
    },
  };
}

/** A role's SDL with the served names. */
export function serveDocument(document: DocumentNode, naming: RemoteNaming): DocumentNode {
  const renamed = (value: string) => ({ kind: Kind.NAME, value }) as const;
  const fields = (parent: string, nodes: readonly FieldDefinitionNode[] = []) =>
    nodes.map((node) => ({ ...node, name: renamed(naming.field(parent, node.name.value)) }));
  const named = <Node extends { name: { value: string } }>(node: Node): Node => ({
    ...{ ...node, name: renamed(naming.type(node.name.value)) },
  });
  return visit(document, {
    NamedType: { leave: (node: NamedTypeNode) => named(node) },
    ScalarTypeDefinition: { leave: named },
    EnumTypeDefinition: { leave: named },
    UnionTypeDefinition: { leave: named },
    InputObjectTypeDefinition: { leave: named },
    ObjectTypeDefinition: {
      leave: (node) => ({ ...named(node), fields: fields(node.name.value, node.fields) }),
    },
    InterfaceTypeDefinition: {
      leave: (node) => ({ ...named(node), fields: fields(node.name.value, node.fields) }),
    },
  });
}

/**
 * A client's selection in the names of the remote schema. A renamed field keeps its served name as alias, so that the answer has
 * the client's keys.
 */
export function askOriginal(
  selection: SelectionSetNode,
  { schema, parent, naming }: { schema: GraphQLSchema; parent: string; naming: RemoteNaming },
): SelectionSetNode {
  const info = new TypeInfo(schema, schema.getType(parent) as never);
  return visit(
    selection,
    visitWithTypeInfo(info, {
      // On leaving: the names that the type information reads must still be the served ones.
      Field: {
        leave(node) {
          const name = naming.originalField(info.getParentType()?.name ?? parent, node.name.value);
          if (name === node.name.value) return undefined;
          return { ...node, alias: node.alias ?? node.name, name: { kind: Kind.NAME, value: name } };
        },
      },
      NamedType: {
        leave: (node) => originalNamed(node, naming),
      },
    }),
  );
}

/** A type of a variable or of a fragment, in the names of the remote schema. */
export const originalNamed = (node: NamedTypeNode, naming: RemoteNaming): NamedTypeNode => ({
  ...node,
  name: { kind: Kind.NAME, value: naming.originalType(node.name.value) },
});
