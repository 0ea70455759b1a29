import {
  type ArgumentNode,
  type DirectiveNode,
  type FieldNode,
  type FragmentSpreadNode,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { keyOf, type Operation } from './document.ts';
import { checkArguments, invalidAt } from './input-values.ts';

type Selected = FieldNode | InlineFragmentNode;
type Level = { operation: Operation; path: string };

/**
 * The fields of one level, as the engine collects them: without what directives leave out and without fragments, and one
 * field for each name in the answer (hasura/README.md, "Answers of the engine"). A fragment stays where the type is abstract.
 */
export function collectSelections(level: Level, set: SelectionSetNode, parent: GraphQLNamedType): Selected[] {
  const fields = new Map<string, FieldNode>();
  const fragments: InlineFragmentNode[] = [];
  for (const node of withoutFragments(level, set, parent)) {
    if (node.kind === Kind.FIELD) {
      const same = fields.get(keyOf(node));
      fields.set(keyOf(node), same === undefined ? node : joined(same, node, level.path));
    } else fragments.push(node);
  }
  return [...fields.values(), ...fragments];
}

function withoutFragments(level: Level, set: SelectionSetNode, parent: GraphQLNamedType): Selected[] {
  const { schema } = level.operation;
  return set.selections.flatMap((node): Selected[] => {
    if (!isIncluded(level, node)) return [];
    if (node.kind === Kind.FIELD) return [node];
    const { condition, set: selectionSet } = readFragment(level.operation, node, parent);
    const isCertain =
      condition === parent ||
      (isObjectType(parent) && isAbstractType(condition) && schema.isSubType(condition, parent));
    if (isCertain) return withoutFragments(level, selectionSet, parent);
    const name = { kind: Kind.NAME, value: condition.name } as const;
    const typeCondition = { kind: Kind.NAMED_TYPE, name } as const;
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }];
  });
}

/** The directives of a selection are read before anything else of it. */
function isIncluded({ operation, path }: Level, node: SelectionNode): boolean {
  const directives = node.directives ?? [];
  for (const directive of directives) {
    const known = [GraphQLSkipDirective, GraphQLIncludeDirective].find(
      ({ name }) => name === directive.name.value,
    );
    if (known !== undefined)
      checkArguments({ ...operation, isRemote: false }, directive, known, `${path}.${known.name}`);
  }
  requireOnce(directives, path);
  const skipped = getDirectiveValues(GraphQLSkipDirective, node, operation.variables)?.if === true;
  return !skipped && getDirectiveValues(GraphQLIncludeDirective, node, operation.variables)?.if !== false;
}

function requireOnce(directives: readonly DirectiveNode[], path: string): void {
  const names = directives.map(({ name }) => name.value);
  const [twice, ...more] = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (more.length > 0) throw new Error('In which order the engine lists directives is not known.');
  if (twice !== undefined)
    throw invalidAt(path, `the following directives are used more than once: ['${twice}']`);
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

/** Two fields of one name in the answer are one, with what is selected under either. */
function joined(first: FieldNode, second: FieldNode, path: string): FieldNode {
  const [name, other] = [first.name.value, second.name.value];
  if (name !== other)
    throw invalidAt(
      path,
      `selection of both '${name}' and '${other}' specify the same response name, '${keyOf(first)}'`,
    );
  if (spelled(first.arguments) !== spelled(second.arguments))
    throw invalidAt(path, `inconsistent arguments between multiple selections of field '${name}'`);
  const selections = [first, second].flatMap((field) => field.selectionSet?.selections ?? []);
  if (selections.length === 0) return first;
  return { ...first, selectionSet: { kind: Kind.SELECTION_SET, selections } };
}

/** The same for arguments that are the same, in whichever order they and the fields of their objects stand. */
const spelled = (named: readonly { name: { value: string }; value: ValueNode }[] = []): string =>
  named
    .map(({ name, value }) => `${name.value}: ${spelledValue(value)}`)
    .sort()
    .join(', ');

function spelledValue(value: ValueNode): string {
  if (value.kind === Kind.OBJECT) return `{${spelled(value.fields)}}`;
  if (value.kind === Kind.LIST) return `[${value.values.map(spelledValue).join(', ')}]`;
  return value.kind === Kind.STRING ? JSON.stringify(value.value) : print(value);
}

/** The same selections at all levels, without directives. */
function flatten(operation: Operation, set: SelectionSetNode, parent: GraphQLNamedType): Selected[] {
  return collectSelections({ operation, path: '$' }, set, parent).map((node) => {
    if (node.kind === Kind.FIELD) return flattenField(operation, node, parent);
    const { condition, set: inner } = readFragment(operation, node, parent);
    const selections = flatten(operation, inner, condition);
    return { ...node, selectionSet: { kind: Kind.SELECTION_SET, selections } };
  });
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
