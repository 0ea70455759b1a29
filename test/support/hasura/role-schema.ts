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
  visit,
} from 'graphql';

/** The source of a root field or type: a remote schema, the actions, or the tables. */
type Origin = { kind: 'remote'; name: string } | { kind: 'actions' } | { kind: 'tables' };
/** A part of a role's schema: definitions, and the names of their root types. */
export type Part = { origin: Origin; document: DocumentNode; query: string; mutation: string };

export type RoleSchema = {
  schema: GraphQLSchema;
  /** The sources by root field and by type. */
  roots: ReadonlyMap<string, Origin>;
  types: ReadonlyMap<string, Origin>;
};

const nameOf = (node: DefinitionNode): string => ('name' in node ? (node.name?.value ?? '') : '');

/** The Postgres scalars by their GraphQL names. */
const POSTGRES_SCALARS = new Set([
  ...['uuid', 'timestamptz', 'timestamp', 'date', 'time', 'timetz', 'interval', 'jsonb', 'json'],
  ...['inet', 'cidr', 'citext', 'bytea', 'smallint', 'bigint', 'numeric', 'float8', 'name', 'bpchar'],
]);

/**
 * Declares the Postgres scalars. Custom scalars with the same name are one scalar (hasura/README.md, "Actions").
 * @throws for a type without a declaration
 */
function scalarsFor(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const known = new Set([...specifiedScalarTypes.map(({ name }) => name), ...definitions.map(nameOf)]);
  const missing = new Set<string>();
  for (const definition of definitions)
    visit(definition, { NamedType: ({ name }) => void (known.has(name.value) || missing.add(name.value)) });
  const unknown = [...missing].filter((name) => !POSTGRES_SCALARS.has(name));
  if (unknown.length > 0) throw new Error(`The schema does not declare ${unknown.join(', ')}.`);
  return [...missing].flatMap((name) => parse(`scalar ${name}`).definitions);
}

/** A role sees a relationship of an action's type only if the role may read its table (hasura/README.md, "Actions"). */
const leadsToKnown = (definitions: ReadonlyMap<string, unknown>, { fields = [] }: ObjectTypeExtensionNode) =>
  fields.every(({ type }) => type.kind === Kind.NAMED_TYPE && definitions.has(type.name.value));

/**
 * The whole schema of a role, under the engine's own root types. Tables, actions and remote schemas share one namespace
 * (hasura/README.md, "Names that must not meet").
 */
export function mergeSchemas(parts: readonly Part[]): RoleSchema {
  const roots = new Map<string, Origin>();
  const types = new Map<string, Origin>();
  const fields = { query: [] as FieldDefinitionNode[], mutation: [] as FieldDefinitionNode[] };
  const definitions = new Map<string, DefinitionNode>();
  const extensions: ObjectTypeExtensionNode[] = [];
  for (const { origin, document, query, mutation } of parts)
    for (const node of document.definitions) {
      const name = nameOf(node);
      if (name === query || name === mutation) {
        const own = (node as ObjectTypeDefinitionNode).fields ?? [];
        for (const { name: field } of own) {
          if (roots.has(field.value)) throw new Error(`Two root fields are called ${field.value}.`);
          roots.set(field.value, origin);
        }
        fields[name === query ? 'query' : 'mutation'].push(...own);
      } else if (node.kind === Kind.OBJECT_TYPE_EXTENSION) extensions.push(node);
      else if (definitions.has(name) && node.kind !== Kind.SCALAR_TYPE_DEFINITION)
        throw new Error(`Two types are called ${name}.`);
      else {
        definitions.set(name, node);
        types.set(name, origin);
      }
    }
  const all = [
    ...definitions.values(),
    ...extensions.filter((extension) => leadsToKnown(definitions, extension)),
    ...rootTypes(fields),
  ];
  return {
    schema: buildASTSchema({ kind: Kind.DOCUMENT, definitions: [...all, ...scalarsFor(all)] }),
    ...{ roots, types },
  };
}

const rootType = (name: string, fields: readonly FieldDefinitionNode[]): ObjectTypeDefinitionNode => ({
  ...{ kind: Kind.OBJECT_TYPE_DEFINITION, name: { kind: Kind.NAME, value: name }, fields },
});
/** A role without any field still has a query type. */
const [NOTHING] = parse('type Nothing { no_queries_available: String }').definitions;

function rootTypes({
  query,
  mutation,
}: Record<'query' | 'mutation', FieldDefinitionNode[]>): DefinitionNode[] {
  const nothing = (NOTHING as ObjectTypeDefinitionNode).fields ?? [];
  const types = [rootType('query_root', query.length > 0 ? query : nothing)];
  if (mutation.length > 0) types.push(rootType('mutation_root', mutation));
  const names = types.map(({ name: { value } }) => `${value.replace('_root', '')}: ${value}`);
  return [...types, ...parse(`schema { ${names.join(' ')} }`).definitions];
}
