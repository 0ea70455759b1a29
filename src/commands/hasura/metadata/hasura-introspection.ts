import { buildClientSchema, executeSync, type GraphQLSchema, type IntrospectionQuery, parse } from 'graphql';

const TYPE_DEPTH = 7;
const typeReference = (depth: number): string =>
  depth === 0 ? 'kind name' : `kind name ofType { ${typeReference(depth - 1)} }`;
const reference = `{ ${typeReference(TYPE_DEPTH)} }`;
const inputValue = `{ name description type ${reference} defaultValue }`;

/** The introspection query of graphql-engine v2. It does not ask for deprecated arguments and input fields. */
const hasuraIntrospectionQuery = `query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description args ${inputValue} type ${reference} isDeprecated deprecationReason
      }
      inputFields ${inputValue}
      interfaces ${reference}
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes ${reference}
    }
    directives { name description locations args ${inputValue} }
  }
}`;

/** Returns the schema as Hasura introspects it: without deprecated inputs and without applied directives. */
export function asHasuraSeesIt(schema: GraphQLSchema): GraphQLSchema {
  const { data, errors } = executeSync({ schema, document: parse(hasuraIntrospectionQuery) });
  if (errors !== undefined || data == null) {
    throw new Error(`The schema cannot be introspected: ${errors?.[0]?.message ?? 'no data'}`);
  }
  return buildClientSchema(data as unknown as IntrospectionQuery);
}
