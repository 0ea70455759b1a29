import {
  type DefinitionNode,
  type GraphQLSchema,
  isTypeDefinitionNode,
  Kind,
  parse,
  print,
  printSchema,
  type TypeDefinitionNode,
  visit,
} from 'graphql';
import type { RemoteSchemaDeclaration, RootFields } from './declaration-types.ts';

const ROOTS = ['Query', 'Mutation'] as const;

/** Lists root fields of the schema that have no role and are not declared admin-only. */
export function unassignedRootFields(schema: GraphQLSchema, declared: RemoteSchemaDeclaration): string[] {
  const assigned = new Set(
    Object.values(declared.rootFields).flatMap(({ Query, Mutation }) => [...Query, ...Mutation]),
  );
  return rootFieldNames(schema).filter((name) => !assigned.has(name) && !declared.adminOnly.includes(name));
}

/** Lists the names of all query and mutation fields. */
export function rootFieldNames(schema: GraphQLSchema): string[] {
  return [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
}

function bareDefinitions(schema: GraphQLSchema): Map<string, TypeDefinitionNode> {
  const document = visit(parse(printSchema(schema), { noLocation: true }), {
    Directive: () => null,
    enter(node) {
      if (!('description' in node) || node.description === undefined) return undefined;
      const { description: _, ...bare } = node;
      return bare;
    },
  });
  const types = document.definitions.filter((node: DefinitionNode) => isTypeDefinitionNode(node));
  return new Map(types.map((type) => [type.name.value, type]));
}

function keepRootFields(
  definitions: Map<string, TypeDefinitionNode>,
  root: (typeof ROOTS)[number],
  names: readonly string[],
): TypeDefinitionNode | undefined {
  const type = definitions.get(root);
  const fields = type?.kind === Kind.OBJECT_TYPE_DEFINITION ? (type.fields ?? []) : [];
  const missing = names.find((name) => !fields.some((field) => field.name.value === name));
  if (missing !== undefined)
    throw new Error(`${root}.${missing} is declared for a role but not in the schema.`);
  const kept = fields.filter((field) => names.includes(field.name.value));
  if (type?.kind !== Kind.OBJECT_TYPE_DEFINITION || kept.length === 0) return undefined;
  return { ...type, fields: kept };
}

function referencedTypes(definition: TypeDefinitionNode, all: Iterable<TypeDefinitionNode>): string[] {
  const names: string[] = [];
  visit(definition, { NamedType: (node) => void names.push(node.name.value) });
  if (definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) return names;
  for (const other of all) {
    const implementing = 'interfaces' in other ? (other.interfaces ?? []) : [];
    if (implementing.some(({ name }) => name.value === definition.name.value)) names.push(other.name.value);
  }
  return names;
}

/**
 * Returns the SDL of a remote schema permission: the given root fields and every type that they reach. `seen` is the schema
 * as Hasura sees it. Hasura refuses an SDL that differs from it by a default, a `!` or a directive.
 */
export function roleSdl(seen: GraphQLSchema, rootFields: RootFields): string {
  if (rootFields.Query.length === 0) throw new Error('A role needs at least one Query field.');
  const definitions = bareDefinitions(seen);
  const kept = new Map<string, TypeDefinitionNode>();
  const queue: TypeDefinitionNode[] = [];
  const keep = (definition: TypeDefinitionNode | undefined) => {
    if (definition === undefined || kept.has(definition.name.value)) return;
    kept.set(definition.name.value, definition);
    queue.push(definition);
  };
  for (const root of ROOTS) keep(keepRootFields(definitions, root, rootFields[root]));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const name of referencedTypes(next, definitions.values())) keep(definitions.get(name));
  }
  const roots = ROOTS.flatMap((name) => kept.get(name) ?? []);
  const others = [...kept.values()].filter(({ name }) => !ROOTS.some((root) => root === name.value));
  others.sort((a, b) => (a.name.value < b.name.value ? -1 : 1));
  return `${[...roots, ...others].map((definition) => print(definition)).join('\n\n')}\n`;
}
