import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  specifiedScalarTypes,
  validateSchema,
  visit,
} from 'graphql';
import type { Presets } from './presets.ts';

/** Where a root field leads: to a remote schema or an action by name, or to the tables. */
type Origin = { kind: 'remote'; name: string } | { kind: 'action'; name: string } | { kind: 'tables' };
/** A part of a role's schema: definitions with the root types' names that they use. */
export type Part = {
  origin(field: string): Origin;
  document: DocumentNode;
  query: string;
  mutation: string;
  presets?: Presets;
};

export type RoleSchema = { schema: GraphQLSchema; origins: ReadonlyMap<string, Origin>; presets: Presets };

const rootType = (name: string, fields: readonly FieldDefinitionNode[]): ObjectTypeDefinitionNode => ({
  kind: Kind.OBJECT_TYPE_DEFINITION,
  name: { kind: Kind.NAME, value: name },
  fields,
});

const nameOf = (node: DefinitionNode): string => ('name' in node ? (node.name?.value ?? '') : '');

/** Those of Postgres under the names that they have in GraphQL. */
const POSTGRES_SCALARS = new Set([
  ...['uuid', 'timestamptz', 'timestamp', 'date', 'time', 'timetz', 'interval', 'jsonb', 'json'],
  ...['inet', 'cidr', 'citext', 'bytea', 'smallint', 'bigint', 'numeric', 'float8', 'name', 'bpchar'],
]);

/**
 * Postgres scalars need no declaration, and custom scalars of one name are one (hasura/README.md, "Actions").
 * @throws for a type that nobody declares
 */
function scalarsFor(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const known = new Set(
    [...specifiedScalarTypes, ...definitions.map((node) => ({ name: nameOf(node) }))].map(({ name }) => name),
  );
  const missing = new Set<string>();
  for (const definition of definitions)
    visit(definition, { NamedType: ({ name }) => void (known.has(name.value) || missing.add(name.value)) });
  const unknown = [...missing].filter((name) => !POSTGRES_SCALARS.has(name));
  if (unknown.length > 0) throw new Error(`Nobody declares ${unknown.join(', ')}.`);
  return [...missing].flatMap((name) => parse(`scalar ${name}`).definitions);
}

/** A relationship of an action's type is there for whoever may read its table (hasura/README.md, "Actions"). */
const leadsToKnown = (definitions: ReadonlyMap<string, unknown>, { fields = [] }: ObjectTypeExtensionNode) =>
  fields.every(({ type }) => type.kind === Kind.NAMED_TYPE && definitions.has(type.name.value));

/**
 * What a role sees of everything, under the engine's own root types. Tables, actions and remote schemas share one namespace
 * (hasura/README.md, "Names that must not meet").
 */
export function mergeSchemas(parts: readonly Part[]): RoleSchema {
  const origins = new Map<string, Origin>();
  const roots = { query_root: [] as FieldDefinitionNode[], mutation_root: [] as FieldDefinitionNode[] };
  let subscription: DefinitionNode | null = null;
  const definitions = new Map<string, DefinitionNode>();
  const extensions: ObjectTypeExtensionNode[] = [];
  for (const { origin, document, query, mutation } of parts) {
    for (const node of document.definitions) {
      const name = nameOf(node);
      if (name === query || name === mutation) {
        const { fields = [] } = node as ObjectTypeDefinitionNode;
        for (const field of fields) {
          if (origins.has(field.name.value))
            throw new Error(`Two root fields are called ${field.name.value}.`);
          origins.set(field.name.value, origin(field.name.value));
        }
        roots[name === query ? 'query_root' : 'mutation_root'].push(...fields);
      } else if (node.kind === Kind.OBJECT_TYPE_EXTENSION) extensions.push(node);
      else if (name === 'subscription_root') subscription = node;
      else if (definitions.has(name) && node.kind !== Kind.SCALAR_TYPE_DEFINITION)
        throw new Error(`Two types are called ${name}.`);
      else definitions.set(name, node);
    }
  }
  // A role that sees nothing at all still has a query type.
  if (roots.query_root.length === 0)
    roots.query_root.push(
      ...((parse('type T { no_queries_available: String }').definitions[0] as ObjectTypeDefinitionNode)
        .fields ?? []),
    );
  const all: DefinitionNode[] = [
    ...definitions.values(),
    ...extensions.filter((extension) => leadsToKnown(definitions, extension)),
    ...(subscription === null ? [] : [subscription]),
    ...Object.entries(roots).flatMap(([name, fields]) => (fields.length > 0 ? [rootType(name, fields)] : [])),
  ];
  const names = [
    ...['query: query_root', roots.mutation_root.length > 0 ? 'mutation: mutation_root' : ''],
    subscription === null ? '' : 'subscription: subscription_root',
  ].join(' ');
  const schemaNode = parse(`schema { ${names} }`).definitions;
  const schema = buildASTSchema({
    kind: Kind.DOCUMENT,
    definitions: [...schemaNode, ...all, ...scalarsFor(all)],
  });
  const [error] = validateSchema(schema);
  if (error !== undefined) throw error;
  const presets = new Map(parts.flatMap((part) => [...(part.presets ?? [])]));
  return { schema, origins, presets };
}
