import {
  type DocumentNode,
  type FieldNode,
  FragmentsOnCompositeTypesRule,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  NoFragmentCyclesRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  UniqueArgumentNamesRule,
  UniqueInputFieldNamesRule,
  validate,
} from 'graphql';
import { isIncluded, type Operation, readFragment } from './document.ts';
import { refusal } from './failure.ts';
import { checkInput, type InputContext, invalidAt } from './input-values.ts';

/** What the engine's own walk below takes for granted. The words are graphql-js's. */
const STRUCTURE = [
  ...[FragmentsOnCompositeTypesRule, KnownDirectivesRule, KnownFragmentNamesRule, NoFragmentCyclesRule],
  ...[OverlappingFieldsCanBeMergedRule, PossibleFragmentSpreadsRule],
  ...[UniqueArgumentNamesRule, UniqueInputFieldNamesRule],
];

/** Of a document with one operation. */
export function requireStructure(schema: GraphQLSchema, document: DocumentNode): void {
  const [error] = validate(schema, document, STRUCTURE);
  if (error !== undefined) throw refusal('validation-failed', error.message);
}

/**
 * Walks an operation as the engine does, field after field, and stops at the first thing that is wrong: in its words, at
 * its path (hasura/README.md, "Answers of the engine"). What a directive leaves out is not looked at.
 */
export function requireValid(operation: Operation, originOf: (rootField: string) => Origin): void {
  const root = operation.schema.getRootType(operation.definition.operation);
  if (root == null) throw new Error('The role has no such operations.');
  checkSelections(operation, operation.definition.selectionSet, root, { path: '$', originOf });
}

/** Whose field it is. The arguments of tables have rules of their own. */
type Origin = 'tables' | 'remote' | 'action' | undefined;
type Place = { path: string; originOf: (field: string) => Origin };

function checkSelections(
  operation: Operation,
  set: FieldNode['selectionSet'],
  parent: GraphQLNamedType,
  { path, originOf }: Place,
): void {
  if (set === undefined)
    throw invalidAt(`${path}.selectionSet`, `missing selection set for '${parent.name}'`);
  for (const node of set.selections) {
    if (!isIncluded(operation, node)) continue;
    if (node.kind !== 'Field') {
      const { condition, set: inner } = readFragment(operation, node, parent);
      checkSelections(operation, inner, condition, { path, originOf });
    } else if (!node.name.value.startsWith('__')) {
      const at = `${path}.selectionSet.${node.name.value}`;
      checkField(operation, node, fieldOf(parent, node, at), { path: at, originOf });
    }
  }
}

function fieldOf(
  parent: GraphQLNamedType,
  { name }: FieldNode,
  path: string,
): GraphQLField<unknown, unknown> {
  const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
  const field = fields[name.value];
  if (field === undefined) throw invalidAt(path, `field '${name.value}' not found in type: '${parent.name}'`);
  return field;
}

function checkField(
  operation: Operation,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  { path, originOf }: Place,
): void {
  const type = getNamedType(field.type);
  const origin = originOf(field.name);
  if (!isCompositeType(type) && node.selectionSet !== undefined)
    throw invalidAt(path, 'unexpected subselection set for non-object field');
  if (origin !== 'tables') checkArguments({ ...operation, isRemote: origin === 'remote' }, node, field, path);
  if (isCompositeType(type))
    checkSelections(operation, node.selectionSet, type, { path, originOf: () => origin });
}

function checkArguments(
  context: InputContext,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  path: string,
): void {
  const given = new Map(node.arguments?.map(({ name, value }) => [name.value, value]));
  for (const name of given.keys())
    if (!field.args.some((argument) => argument.name === name))
      throw invalidAt(path, `'${field.name}' has no argument named '${name}'`);
  for (const argument of field.args) {
    const at = `${path}.args.${argument.name}`;
    const value = given.get(argument.name);
    if (value !== undefined) checkInput(context, argument, { node: value }, at);
    else if (isRequiredArgument(argument)) throw invalidAt(at, `missing required field '${argument.name}'`);
  }
}
