import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
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

export function isIncluded({ coerced }: Operation, node: { directives?: readonly DirectiveNode[] }): boolean {
  const skipped = getDirectiveValues(GraphQLSkipDirective, node, coerced)?.if === true;
  return !skipped && getDirectiveValues(GraphQLIncludeDirective, node, coerced)?.if !== false;
}

/** The same selections without directives and named fragments, and without the inline ones that say nothing. */
function flatten(operation: Operation, set: SelectionSetNode, parent: GraphQLNamedType): SelectionNode[] {
  return set.selections.flatMap((node): SelectionNode[] => {
    if (!isIncluded(operation, node)) return [];
    if (node.kind === Kind.FIELD) return [flattenField(operation, node, parent)];
    const { condition, set: inner } = readFragment(operation, node, parent);
    const selections = flatten(operation, inner, condition);
    const isCertain =
      condition === parent ||
      (isObjectType(parent) && isAbstractType(condition) && operation.schema.isSubType(condition, parent));
    if (isCertain) return selections;
    const name = { kind: Kind.NAME, value: condition.name } as const;
    const typeCondition = { kind: Kind.NAMED_TYPE, name } as const;
    const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }];
  });
}

export function readFragment(
  { schema, fragments }: Operation,
  node: InlineFragmentNode | FragmentSpreadNode,
  parent: GraphQLNamedType,
): { condition: GraphQLNamedType; set: SelectionSetNode } {
  const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
  if (fragment === undefined) throw new Error('A fragment is missing from a document that was valid.');
  const name = fragment.typeCondition?.name.value;
  return {
    condition: name === undefined ? parent : (schema.getType(name) ?? parent),
    set: fragment.selectionSet,
  };
}

function flattenField(operation: Operation, node: FieldNode, parent: GraphQLNamedType): FieldNode {
  const { selectionSet, ...leaf } = { ...node, directives: [], arguments: presentArguments(operation, node) };
  if (selectionSet === undefined) return leaf;
  const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
  const type = fields[node.name.value]?.type;
  if (type === undefined) return { ...leaf, selectionSet };
  const selections = flatten(operation, selectionSet, getNamedType(type));
  return { ...leaf, selectionSet: { kind: Kind.SELECTION_SET, selections } };
}

/** An argument whose variable has no value is none; inside an input object it goes on, and is null then. */
const presentArguments = ({ variables }: Operation, { arguments: given = [] }: FieldNode): ArgumentNode[] =>
  given.filter(({ value }) => value.kind !== Kind.VARIABLE || Object.hasOwn(variables, value.name.value));

/** The operation's root fields, each with its selections flattened. */
export function rootFields(operation: Operation): FieldNode[] {
  const { schema, definition } = operation;
  const root = schema.getRootType(definition.operation);
  if (root == null) throw new Error('The role has no such operations.');
  return flatten(operation, definition.selectionSet, root).filter((node) => node.kind === Kind.FIELD);
}

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
