import {
  type FieldDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type TypeDefinitionNode,
  type TypeNode,
  visit,
} from 'graphql';
import { sameTable } from '../table-shape.ts';
import { type CheckContext, shapeOf, trackedTables } from './context.ts';
import { POSTGRES_SCALARS } from './postgres-scalars.ts';
import { type Finding, finding } from './rules.ts';
import { BUILT_IN_SCALARS, rootFieldsOf, typesOf } from './sdl-document.ts';
import type { ActionRelationship } from './shape.ts';

const ROOTS = ['Query', 'Mutation'];

/** Checks that `actions.yaml` and `actions.graphql` match, and use only what actions support. */
export function* checkActions(context: CheckContext): Generator<Finding> {
  const { actions } = context.metadata.actions;
  const document = parse(context.actionsSdl);
  const fields = rootFieldsOf(document).map(({ name }) => name.value);
  yield* compareNames(
    'action',
    fields,
    actions.map(({ name }) => name),
  );
  yield* compareTypes(context, typesOf(document));
  yield* checkTypes(context.actionsSdl);
  yield* checkRelationships(context, typesOf(document));
  for (const { name, definition, permissions } of actions) {
    if (definition.kind !== 'synchronous') {
      yield finding(
        'action-synchronous',
        `action ${name}`,
        'Hasura stores the arguments of an asynchronous action.',
      );
    }
    if (permissions.length === 0) continue;
    yield finding('action-permission', `action ${name}`, 'Only admin may call the actions.');
  }
}

function* compareNames(kind: string, sdl: readonly string[], yaml: readonly string[]): Generator<Finding> {
  for (const name of sdl) {
    if (!yaml.includes(name))
      yield finding('action-declared', `actions.yaml`, `The ${kind} ${name} is missing.`);
  }
  for (const [index, name] of yaml.entries()) {
    if (sdl.includes(name) && yaml.indexOf(name) === index) continue;
    yield finding(
      'action-declared',
      'actions.graphql',
      `The ${kind} ${name} is missing here, or actions.yaml has it twice.`,
    );
  }
}

function* compareTypes({ metadata }: CheckContext, types: readonly TypeDefinitionNode[]): Generator<Finding> {
  const { enums, input_objects, objects, scalars } = metadata.actions.custom_types;
  const compared = [
    [Kind.ENUM_TYPE_DEFINITION, enums],
    [Kind.INPUT_OBJECT_TYPE_DEFINITION, input_objects],
    [Kind.OBJECT_TYPE_DEFINITION, objects],
    [Kind.SCALAR_TYPE_DEFINITION, scalars],
  ] as const;
  for (const [kind, listed] of compared) {
    const defined = types.filter((type) => type.kind === kind && !ROOTS.includes(type.name.value));
    const names = listed.map(({ name }) => name);
    yield* compareNames(
      'type',
      defined.map(({ name }) => name.value),
      names,
    );
  }
}

function* checkTypes(sdl: string): Generator<Finding> {
  const at = 'actions.graphql';
  const { definitions } = parse(sdl);
  const defined = definitions.filter(isTypeDefinitionNode);
  for (const node of definitions) {
    const isAbstract =
      node.kind === Kind.INTERFACE_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_DEFINITION;
    if (!isTypeDefinitionNode(node) || isAbstract) {
      yield finding('action-sdl', at, `${node.kind} is not supported in actions.`);
      continue;
    }
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION && !ROOTS.includes(node.name.value))
      yield* checkNoArguments(node);
  }
  const names = new Set(defined.map(({ name }) => name.value));
  const unknown = new Set<string>();
  visit(parse(sdl), {
    NamedType({ name: { value } }) {
      if (!names.has(value) && !BUILT_IN_SCALARS.has(value) && !POSTGRES_SCALARS.has(value))
        unknown.add(value);
    },
  });
  for (const name of unknown) yield finding('action-sdl', at, `${name} is used but not defined.`);
}

function* checkNoArguments(type: ObjectTypeDefinitionNode): Generator<Finding> {
  for (const field of type.fields ?? []) {
    if ((field.arguments ?? []).length === 0) continue;
    yield finding(
      'action-sdl',
      `actions.graphql, ${type.name.value}`,
      `${field.name.value} cannot have arguments.`,
    );
  }
}

function* checkRelationships(
  context: CheckContext,
  types: readonly TypeDefinitionNode[],
): Generator<Finding> {
  for (const { name, relationships } of context.metadata.actions.custom_types.objects) {
    const type = types.find((candidate) => candidate.name.value === name);
    const fields = type?.kind === Kind.OBJECT_TYPE_DEFINITION ? (type.fields ?? []) : [];
    for (const relationship of relationships)
      yield* checkRelationship(context, { name, fields }, relationship);
  }
}

const unwrapped = (type: TypeNode): TypeNode => (type.kind === Kind.NON_NULL_TYPE ? type.type : type);

const isScalarField = (field: FieldDefinitionNode | undefined): boolean => {
  const type = field && unwrapped(field.type);
  if (type?.kind !== Kind.NAMED_TYPE) return false;
  return BUILT_IN_SCALARS.has(type.name.value) || POSTGRES_SCALARS.has(type.name.value);
};

type Output = { name: string; fields: readonly FieldDefinitionNode[] };

function* checkRelationship(
  context: CheckContext,
  output: Output,
  relationship: ActionRelationship,
): Generator<Finding> {
  const at = `${output.name}.${relationship.name}`;
  const { source, remote_table: target, field_mapping } = relationship;
  const tracked = trackedTables(context).some(({ table }) => sameTable(table, target));
  if (source !== context.declaration.source.name || !tracked) {
    yield finding('action-relationship', at, `${target.schema}.${target.name} is not tracked in ${source}.`);
    return;
  }
  if (output.fields.some(({ name }) => name.value === relationship.name)) {
    yield finding('action-relationship', at, 'The type has a field with this name.');
  }
  const columns = shapeOf(context, target)?.columns ?? [];
  for (const [from, to] of Object.entries(field_mapping)) {
    const field = output.fields.find(({ name }) => name.value === from);
    if (isScalarField(field) && columns.includes(to)) continue;
    yield finding('action-relationship', at, `${from} → ${to} must lead from a scalar field to a column.`);
  }
}
