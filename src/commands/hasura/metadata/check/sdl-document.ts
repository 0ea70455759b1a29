import {
  type ArgumentNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type TypeDefinitionNode,
  type TypeNode,
  visit,
} from 'graphql';
import { type CheckContext, isSessionVariable } from './context.ts';
import { checkVariable } from './filters.ts';
import { type Finding, finding } from './rules.ts';

export const BUILT_IN_SCALARS: ReadonlySet<string> = new Set(['Int', 'Float', 'String', 'Boolean', 'ID']);

export const typesOf = (document: DocumentNode): TypeDefinitionNode[] =>
  document.definitions.filter(isTypeDefinitionNode);

/** Finds the root types: Query and Mutation, or those that `schema { … }` names. */
export function rootTypes(
  document: DocumentNode,
): Partial<Record<'query' | 'mutation', ObjectTypeDefinitionNode>> {
  const schema = document.definitions.find((node) => node.kind === Kind.SCHEMA_DEFINITION);
  const object = (operation: 'query' | 'mutation', byDefault: string) => {
    const named = schema?.operationTypes.find((type) => type.operation === operation)?.type.name.value;
    const name = schema === undefined ? byDefault : named;
    const found = typesOf(document).find((type) => type.name.value === name);
    return found?.kind === Kind.OBJECT_TYPE_DEFINITION ? { [operation]: found } : {};
  };
  return { ...object('query', 'Query'), ...object('mutation', 'Mutation') };
}

/** The fields of all definitions of Query and Mutation. Hasura's export has one definition for each action. */
export const rootFieldsOf = (document: DocumentNode): FieldDefinitionNode[] =>
  typesOf(document).flatMap((type) =>
    type.kind === Kind.OBJECT_TYPE_DEFINITION && ['Query', 'Mutation'].includes(type.name.value)
      ? (type.fields ?? [])
      : [],
  );

function* duplicates(
  at: string,
  nodes: readonly { name: { value: string } }[] | undefined,
): Generator<Finding> {
  const names = (nodes ?? []).map(({ name }) => name.value);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index) yield finding('sdl-syntax', at, `${name} is defined twice.`);
  }
}

/** Checks that a document has only type definitions and at most one `schema`, without duplicates. */
export function* checkSyntax(at: string, document: DocumentNode): Generator<Finding> {
  const schemas = document.definitions.filter(({ kind }) => kind === Kind.SCHEMA_DEFINITION);
  if (schemas.length > 1) yield finding('sdl-syntax', at, 'There is more than one schema definition.');
  for (const node of document.definitions) {
    if (isTypeDefinitionNode(node) || node.kind === Kind.SCHEMA_DEFINITION) continue;
    yield finding('sdl-syntax', at, `${node.kind} does not belong in a role's SDL.`);
  }
  yield* duplicates(at, typesOf(document));
  for (const type of typesOf(document)) {
    if (type.kind === Kind.ENUM_TYPE_DEFINITION) yield* duplicates(`${at}, ${type.name.value}`, type.values);
    if (!('fields' in type)) continue;
    yield* duplicates(`${at}, ${type.name.value}`, type.fields);
    for (const field of type.fields ?? []) {
      if ('arguments' in field) yield* duplicates(`${at}, ${field.name.value}`, field.arguments);
    }
  }
}

/** Checks that every type in use is defined. */
export function* checkReferences(at: string, document: DocumentNode): Generator<Finding> {
  const defined = new Set(typesOf(document).map((type) => type.name.value));
  const missing = new Set<string>();
  visit(document, {
    NamedType({ name: { value } }) {
      if (!defined.has(value) && !BUILT_IN_SCALARS.has(value)) missing.add(value);
    },
  });
  for (const name of missing) yield finding('sdl-reference', at, `${name} is used but not defined.`);
}

type Place = { role: string; at: string };

/** Checks directives: Hasura accepts only `@preset`, on arguments and input fields. */
export function* checkDirectives(
  context: CheckContext,
  place: Place,
  document: DocumentNode,
): Generator<Finding> {
  const inputs: InputValueDefinitionNode[] = [];
  const applied: ConstDirectiveNode[] = [];
  visit(document, {
    InputValueDefinition: (node) => void inputs.push(node),
    Directive: (node) => void applied.push(node as ConstDirectiveNode),
  });
  const onInputs = new Set(inputs.flatMap((input) => input.directives ?? []));
  for (const directive of applied) {
    const name = directive.name.value;
    if (name === 'preset' && onInputs.has(directive)) continue;
    yield finding('sdl-directive', place.at, `@${name} is not allowed here.`);
  }
  for (const input of inputs) {
    for (const directive of input.directives ?? []) {
      if (directive.name.value === 'preset')
        yield* checkPreset(context, place, { document, input, directive });
    }
  }
}

type Preset = { document: DocumentNode; input: InputValueDefinitionNode; directive: ConstDirectiveNode };

const isPlain = (type: TypeNode): boolean =>
  type.kind === Kind.NON_NULL_TYPE ? isPlain(type.type) : type.kind === Kind.NAMED_TYPE;

const nameOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);

function* checkPreset(context: CheckContext, place: Place, preset: Preset): Generator<Finding> {
  const { document, input, directive } = preset;
  const given = (name: string): ArgumentNode | undefined =>
    directive.arguments?.find((argument) => argument.name.value === name);
  const at = `${place.at}, ${input.name.value}`;
  const value = given('value')?.value;
  const unknown =
    directive.arguments?.filter(({ name }) => name.value !== 'value' && name.value !== 'static') ?? [];
  if (value === undefined || unknown.length > 0) {
    yield finding('sdl-preset', at, '@preset takes a value, and static: Boolean.');
    return;
  }
  const fixed = given('static')?.value;
  const isStatic = fixed?.kind === Kind.BOOLEAN && fixed.value;
  if (isStatic || value.kind !== Kind.STRING || !isSessionVariable(value.value)) return;
  const type = typesOf(document).find(({ name }) => name.value === nameOf(input.type));
  if (!isPlain(input.type) || type?.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    yield finding('sdl-preset', at, 'A session variable can only fill a scalar or an enum.');
  }
  yield* checkVariable(context, { role: place.role, at }, value.value);
}
