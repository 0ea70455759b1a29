import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedDirective,
  validateSchema,
} from 'graphql';
import { rootFieldNames } from '../role-sdl.ts';
import type { CheckContext } from './context.ts';
import { POSTGRES_SCALARS } from './postgres-scalars.ts';
import { type Finding, finding } from './rules.ts';

const RESERVED_TYPE = new RegExp(
  `^(query_root|mutation_root|subscription_root|order_by|cursor_ordering|.*_(${[
    ...['bool_exp', 'comparison_exp', 'order_by', 'select_column', 'update_column', 'constraint'],
    ...['on_conflict', 'set_input', 'inc_input', 'insert_input', 'pk_columns_input', 'mutation_response'],
    ...['aggregate', 'fields', 'cursor_input', 'cursor_value_input', 'updates'],
  ].join('|')}))$`,
);
const RESERVED_ROOT_FIELD = /^(insert|update|delete)_|_(by_pk|aggregate|stream|connection)$|_root$/;

/** Checks that the schema is valid GraphQL, as Hasura expects. For example, every enum needs a value. */
export function* checkValid(schema: GraphQLSchema): Generator<Finding> {
  for (const { message } of validateSchema(schema)) yield finding('schema-valid', 'schema', message);
}

/** Checks for parts of the schema that Hasura drops, that fail in Hasura, or that collide with its own. */
export function* checkSchema(context: CheckContext): Generator<Finding> {
  yield* checkRoots(context);
  const types = Object.values(context.schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  for (const type of types) yield* checkType(type);
  for (const directive of context.schema.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue;
    yield finding('schema-directive', `@${directive.name}`, 'Hasura ignores directives of a remote schema.');
  }
}

function* checkRoots({ schema }: CheckContext): Generator<Finding> {
  const query = schema.getQueryType();
  if (query?.name !== 'Query' || Object.keys(query.getFields()).length === 0) {
    yield finding('schema-query', 'schema', 'The schema needs a type Query with at least one field.');
  }
  const mutation = schema.getMutationType();
  if (mutation != null && mutation.name !== 'Mutation') {
    yield finding('schema-query', 'schema', 'The mutation type must be called Mutation.');
  }
  if (schema.getSubscriptionType() != null) {
    yield finding('schema-subscription', 'schema', 'Hasura shows remote subscriptions but cannot run them.');
  }
  for (const name of rootFieldNames(schema)) {
    if (!RESERVED_ROOT_FIELD.test(name)) continue;
    yield finding('schema-reserved-name', name, 'Hasura makes root fields of this form from tables.');
  }
}

function* checkType(type: GraphQLNamedType): Generator<Finding> {
  if (RESERVED_TYPE.test(type.name) || (POSTGRES_SCALARS.has(type.name) && !isScalarType(type))) {
    yield finding('schema-reserved-name', type.name, 'Hasura makes types of this name itself.');
  }
  if (isInputObjectType(type)) {
    if (type.isOneOf)
      yield finding('schema-one-of', type.name, 'Hasura sees @oneOf as fields that may all be absent.');
    yield* checkDeprecations(type.name, Object.values(type.getFields()));
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield* checkDeprecations(`${type.name}.${field.name}`, field.args);
  }
}

function* checkDeprecations(
  at: string,
  inputs: readonly (GraphQLArgument | GraphQLInputField)[],
): Generator<Finding> {
  for (const { name, deprecationReason } of inputs) {
    if (deprecationReason == null) continue;
    yield finding(
      'schema-deprecated-input',
      `${at}.${name}`,
      'Hasura does not introspect deprecated inputs, so clients could not use it.',
    );
  }
}
