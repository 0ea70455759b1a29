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
  print,
  specifiedScalarTypes,
  type TypeNode,
  visit,
} from 'graphql';

/** The source of a root field or type: a remote schema, the actions, or the tables. */
export type Origin =
  | { kind: 'remote'; name: string }
  | { kind: 'actions' }
  | { kind: 'tables'; source: string }
  /** A field that only holds the root fields of another part. */
  | { kind: 'namespace' };
/** A part of a role's schema: definitions, and the names of their root types. */
export type Part = {
  origin: Origin;
  document: DocumentNode;
  query: string;
  mutation: string;
  /** The root field that holds the part's root fields, and the names of its types. */
  namespace?: { field: string; query: string; mutation: string } | null;
};

export type RoleSchema = {
  schema: GraphQLSchema;
  /** The origins of the root fields, by type and field: `query_root.login`. */
  roots: ReadonlyMap<string, Origin>;
  /** The origins of the types. */
  types: ReadonlyMap<string, Origin>;
};

const nameOf = (node: DefinitionNode): string => ('name' in node ? (node.name?.value ?? '') : '');

/** The Postgres scalars by their GraphQL names. */
const POSTGRES_SCALARS = new Set([
  ...['uuid', 'timestamptz', 'timestamp', 'date', 'time', 'timetz', 'interval', 'jsonb', 'json'],
  ...['inet', 'cidr', 'citext', 'text', 'bytea', 'smallint', 'bigint', 'numeric', 'float8', 'float4'],
  ...['varchar', 'name', 'bpchar'],
]);

/** Whether a name is that of a Postgres type or of a list of it. */
export const isPostgresScalar = (name: string): boolean => POSTGRES_SCALARS.has(name.replace(/^_/, ''));

/**
 * Declares the Postgres scalars. Custom scalars with the same name are one scalar (hasura/README.md, "Actions").
 * @throws for a type without a declaration
 */
function scalarsFor(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const known = new Set([...specifiedScalarTypes.map(({ name }) => name), ...definitions.map(nameOf)]);
  const missing = new Set<string>();
  for (const definition of definitions)
    visit(definition, { NamedType: ({ name }) => void (known.has(name.value) || missing.add(name.value)) });
  const unknown = [...missing].filter((name) => !isPostgresScalar(name));
  if (unknown.length > 0) throw new Error(`The schema does not declare ${unknown.join(', ')}.`);
  return [...missing].flatMap((name) => parse(`scalar ${name}`).definitions);
}

/** A role sees a relationship of an action's type only if the role may read its table (hasura/README.md, "Actions"). */
const leadsToKnown = (definitions: ReadonlyMap<string, unknown>, { fields = [] }: ObjectTypeExtensionNode) =>
  fields.every(({ type }) => definitions.has(nameOfType(type)));

const nameOfType = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : nameOfType(type.type);

/** Two parts have root fields or types of one name. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
  readonly kind: 'root field' | 'type';
  readonly between: readonly Origin[];
  constructor(kind: 'root field' | 'type', message: string, between: readonly Origin[]) {
    super(message);
    ({ kind: this.kind, between: this.between } = { kind, between });
  }
}

const describe = (origin: Origin): string =>
  origin.kind === 'remote'
    ? `remote schema ${JSON.stringify(origin.name)}`
    : origin.kind === 'tables'
      ? `table in source ${JSON.stringify(origin.source)}`
      : origin.kind;

function rootConflict(type: string, field: string, between: readonly [Origin, Origin]): Conflict {
  // The engine builds the subscriptions first, in which the queries stand too.
  const root = type === 'query_root' ? 'subscription_root' : type;
  return new Conflict(
    'root field',
    `Encountered conflicting definitions in the selection set for '${root}' for field '${field}' defined in [${between.map(describe).join(', ')}]. Fields must not be defined more than once across all sources.`,
    between,
  );
}

const typeConflict = (name: string, between: readonly [Origin, Origin]): Conflict =>
  new Conflict(
    'type',
    `Found conflicting definitions for ${JSON.stringify(name)}. The definition in ${describe(between[0])} differs from that in ${describe(between[1])}.`,
    between,
  );

const withoutWords = (node: DefinitionNode): string =>
  print(
    visit(node, {
      enter: (inner) => ('description' in inner ? { ...inner, description: undefined } : undefined),
    }),
  );

/** Types of one name merge if they are equal, but never a type of the actions with another. */
function canMerge(one: DefinitionNode, other: DefinitionNode, origins: readonly Origin[]): boolean {
  if (one.kind === Kind.SCALAR_TYPE_DEFINITION && other.kind === Kind.SCALAR_TYPE_DEFINITION) return true;
  return origins.every(({ kind }) => kind !== 'actions') && withoutWords(one) === withoutWords(other);
}

/** Collects the parts of a role's schema. */
class Merging {
  readonly roots = new Map<string, Origin>();
  readonly types = new Map<string, Origin>();
  readonly fields = new Map<string, FieldDefinitionNode[]>();
  readonly definitions = new Map<string, DefinitionNode>();
  readonly extensions: ObjectTypeExtensionNode[] = [];

  add({ origin, document, query, mutation, namespace = null }: Part): void {
    for (const node of document.definitions) {
      const name = nameOf(node);
      if (node.kind === Kind.OBJECT_TYPE_EXTENSION) this.extensions.push(node);
      else if (node.kind !== Kind.OBJECT_TYPE_DEFINITION || (name !== query && name !== mutation))
        this.addType(name, node, origin);
      else if (namespace === null)
        this.addRoots(name === query ? 'query_root' : 'mutation_root', origin, node.fields);
      else this.addNamespace(name === query ? 'query' : 'mutation', node, { origin, namespace });
    }
  }

  private addRoots(type: string, origin: Origin, fields: readonly FieldDefinitionNode[] = []): void {
    for (const { name } of fields) {
      const key = `${type}.${name.value}`;
      const known = this.roots.get(key);
      if (known !== undefined) throw rootConflict(type, name.value, [known, origin]);
      this.roots.set(key, origin);
    }
    this.fields.set(type, [...(this.fields.get(type) ?? []), ...fields]);
  }

  /** The root fields become those of one type behind one field. */
  private addNamespace(
    kind: 'query' | 'mutation',
    node: ObjectTypeDefinitionNode,
    { origin, namespace }: { origin: Origin; namespace: NonNullable<Part['namespace']> },
  ): void {
    const { fields = [] } = node;
    if (fields.length === 0) return;
    const type = namespace[kind];
    this.addRoots(`${kind}_root`, { kind: 'namespace' }, [fieldOf(namespace.field, type)]);
    this.addType(type, { ...node, name: { kind: Kind.NAME, value: type } }, origin);
    for (const { name } of fields) this.roots.set(`${type}.${name.value}`, origin);
  }

  private addType(name: string, node: DefinitionNode, origin: Origin): void {
    const known = this.definitions.get(name);
    const other = this.types.get(name) ?? origin;
    if (known !== undefined && !canMerge(known, node, [other, origin]))
      throw typeConflict(name, [other, origin]);
    if (known !== undefined) return;
    this.definitions.set(name, node);
    this.types.set(name, origin);
  }
}

/**
 * The whole schema of a role, under the engine's own root types. Tables, actions and remote schemas share one namespace
 * (hasura/README.md, "Names that must not meet").
 * @throws Conflict if two of them use a name
 */
export function mergeSchemas(parts: readonly Part[]): RoleSchema {
  const merging = new Merging();
  for (const part of parts) merging.add(part);
  const { definitions, extensions, fields, roots, types } = merging;
  const all = [
    ...definitions.values(),
    ...extensions.filter((extension) => leadsToKnown(definitions, extension)),
    ...rootTypes({ query: fields.get('query_root') ?? [], mutation: fields.get('mutation_root') ?? [] }),
  ];
  let built: GraphQLSchema | undefined;
  return {
    ...{ roots, types },
    // A load of the metadata compares the parts of every role; few roles ever ask for something.
    get schema() {
      built ??= buildASTSchema({ kind: Kind.DOCUMENT, definitions: [...all, ...scalarsFor(all)] });
      return built;
    },
  };
}

const fieldOf = (name: string, type: string): FieldDefinitionNode => ({
  ...{ kind: Kind.FIELD_DEFINITION, name: { kind: Kind.NAME, value: name } },
  type: { kind: Kind.NON_NULL_TYPE, type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } } },
});

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
