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
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  NoFragmentCyclesRule,
  PossibleFragmentSpreadsRule,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  UniqueArgumentNamesRule,
  UniqueInputFieldNamesRule,
  validate,
} from 'graphql';
import type { Operation } from './document.ts';
import { refusal } from './failure.ts';
import { checkArguments, invalidAt } from './input-values.ts';
import { collectSelections, readFragment } from './selections.ts';

/** What the engine's own walk below takes for granted. The words are graphql-js's. */
const STRUCTURE = [
  ...[FragmentsOnCompositeTypesRule, KnownDirectivesRule, KnownFragmentNamesRule, NoFragmentCyclesRule],
  ...[PossibleFragmentSpreadsRule, UniqueArgumentNamesRule, UniqueInputFieldNamesRule],
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
  const level = `${path}.selectionSet`;
  if (set === undefined) throw invalidAt(level, `missing selection set for '${parent.name}'`);
  for (const node of collectSelections({ operation, path: level }, set, parent)) {
    if (node.kind !== 'Field') {
      const { condition, set: inner } = readFragment(operation, node, parent);
      checkSelections(operation, inner, condition, { path, originOf });
    } else if (node.name.value !== '__typename') {
      const at = `${level}.${node.name.value}`;
      checkField(operation, node, fieldOf(operation, parent, node, at), { path: at, originOf });
    }
  }
}

const INTROSPECTION = [SchemaMetaFieldDef, TypeMetaFieldDef];

function fieldOf(
  { schema }: Operation,
  parent: GraphQLNamedType,
  { name }: FieldNode,
  path: string,
): GraphQLField<unknown, unknown> {
  const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
  const own =
    parent === schema.getQueryType() ? INTROSPECTION.find((it) => it.name === name.value) : undefined;
  const field = own ?? fields[name.value];
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
