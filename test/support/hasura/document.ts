import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  visit,
} from 'graphql';
import { defaultOf } from './variables.ts';

export type Variables = Record<string, unknown>;
export type Operation = {
  schema: GraphQLSchema;
  definition: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The name that goes on: of the request, or else of the only definition in the document. */
  name: string | null;
  /** With the defaults that the document declares; and as graphql-js takes them. */
  variables: Variables;
  coerced: Variables;
};

export const fragmentsOf = (document: DocumentNode): Map<string, FragmentDefinitionNode> =>
  new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
    ),
  );

/**
 * A request for root fields of a remote schema (hasura/README.md, "Execution requests"): the document printed anew, with those
 * variables that these fields use. One that may be null has a default, and a value in any case.
 */
export function requestFor(
  { definition, name, variables }: Pick<Operation, 'definition' | 'name' | 'variables'>,
  selections: readonly FieldNode[],
): Record<string, unknown> {
  const used = new Set<string>();
  const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
  visit(selectionSet, { Variable: (node) => void used.add(node.name.value) });
  const declared = (definition.variableDefinitions ?? []).filter(({ variable }) =>
    used.has(variable.name.value),
  );
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: definition.operation,
    ...(name !== null && { name: { kind: Kind.NAME, value: name } }),
    variableDefinitions: declared.map((node) => {
      const defaultValue = defaultOf(node);
      return { ...node, ...(defaultValue !== undefined && { defaultValue }) };
    }),
    selectionSet,
  };
  const sent = declared.map(({ variable: { name: own } }) => [own.value, variables[own.value] ?? null]);
  return {
    query: print(operation),
    ...(name !== null && { operationName: name }),
    ...(sent.length > 0 && { variables: Object.fromEntries(sent) }),
  };
}

/** What the client calls the field in its answer. */
export const keyOf = (field: FieldNode): string => field.alias?.value ?? field.name.value;

export const fieldsOf = (node: FieldNode): FieldNode[] =>
  (node.selectionSet?.selections ?? []).filter((selection) => selection.kind === Kind.FIELD);
