import { buildClientSchema, type GraphQLSchema, type IntrospectionQuery, validateSchema } from 'graphql';
import { askRemote, parseAnswer, type Remote } from './remote-schema.ts';

/** The selection of a type reference, seven levels deep. */
const TYPE_REFERENCE = Array.from({ length: 7 }).reduce<string>(
  (inner) => `{ kind name ofType ${inner} }`,
  '{ kind name }',
);
const INPUT_VALUE = `... on __InputValue { name description type { ... on __Type ${TYPE_REFERENCE} } defaultValue }`;

/** The engine's introspection query with inlined fragments (hasura/README.md, "What the gateway schema may contain"). */
const QUERY = `query IntrospectionQuery {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      ... on __Type {
        kind name description
        fields(includeDeprecated: true) {
          name description args { ${INPUT_VALUE} } type { ... on __Type ${TYPE_REFERENCE} } isDeprecated deprecationReason
        }
        inputFields { ${INPUT_VALUE} }
        interfaces { ... on __Type ${TYPE_REFERENCE} }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        possibleTypes { ... on __Type ${TYPE_REFERENCE} }
      }
    }
    directives { name description locations args { ${INPUT_VALUE} } }
  }
}`;

/**
 * Introspects a remote schema as admin, without client headers. Only the body of the answer counts, not its status.
 * @throws Error with the reason that the engine lists for the inconsistent remote schema
 */
export async function introspect(remote: Omit<Remote, 'upstream' | 'naming'>): Promise<GraphQLSchema> {
  const headers = { ...remote.configured, 'x-hasura-role': 'admin' };
  const answer = await askRemote(remote, headers, { query: QUERY, operationName: 'IntrospectionQuery' });
  const { data } = parseAnswer(answer);
  if (data == null) throw new Error('Error in $: key "data" not found');
  const built = buildClientSchema(data as unknown as IntrospectionQuery);
  const [error] = validateSchema(built);
  if (error !== undefined) throw error;
  return built;
}
