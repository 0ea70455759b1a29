import type { RuleId } from '../../src/commands/hasura/metadata/check/rules.ts';
import { type BrokenExample, broken, changed, edited, grown } from './metadata-example.ts';

/** In the SDL of `anonymous`, which stands first. */
const inSdl = (rule: RuleId, what: string, from: string, to: string): BrokenExample => ({
  ...edited('remote_schemas.yaml', rule, what, from, to),
  firstOnly: true,
});

const schema: BrokenExample[] = [
  { ...broken('schema-subscription', 'a subscription'), sdl: grown('type Subscription { ticks: Int! }') },
  {
    ...broken('schema-query', 'another name of the type Mutation'),
    also: ['sdl-exists'],
    sdl: `schema { query: Query mutation: Change } ${changed('type Mutation', 'type Change')}`,
  },
  {
    ...broken('schema-deprecated-input', 'a deprecated argument'),
    sdl: changed('(first: Int = 10', '(after: String @deprecated, first: Int = 10'),
  },
  {
    ...broken('schema-deprecated-input', 'a deprecated input field'),
    sdl: changed('teamName: String', 'teamName: String nickname: String @deprecated'),
  },
  {
    ...broken('schema-one-of', 'a oneOf input'),
    sdl: grown('input Proof @oneOf { password: String code: String }'),
  },
  {
    ...broken('schema-directive', 'a custom directive'),
    sdl: grown('directive @audited on FIELD_DEFINITION'),
  },
  { ...broken('schema-valid', 'an empty enum'), sdl: grown('enum Nothing') },
  {
    ...broken('schema-reserved-name', 'a type name that Hasura generates'),
    sdl: grown('input user_bool_exp { id: ID }'),
  },
  {
    ...broken('schema-reserved-name', 'a Postgres scalar as the name of an object type'),
    sdl: grown('type timestamptz { seconds: Int! }'),
  },
  {
    ...broken('schema-reserved-name', 'a root field name that Hasura generates'),
    also: ['root-field-assigned'],
    sdl: grown('extend type Query { user_by_pk: User }'),
  },
  {
    ...broken('root-field-assigned', 'a root field without a role'),
    sdl: grown('extend type Mutation { logout: Boolean! }'),
  },
];

const roleSdl: BrokenExample[] = [
  inSdl('sdl-syntax', 'text that is not GraphQL', 'type Query {', 'type Query ['),
  inSdl('sdl-syntax', 'a type twice', 'scalar DateTime', 'scalar DateTime\n\n          scalar DateTime'),
  inSdl('sdl-syntax', 'a field twice', 'me: User', 'me: User\n            me: User'),
  inSdl(
    'sdl-syntax',
    'an extension',
    'type Mutation {',
    'extend type Query { me: User }\n\n          type Mutation {',
  ),
  inSdl(
    'sdl-syntax',
    'a directive definition',
    'type Mutation {',
    'directive @a on FIELD\n\n          type Mutation {',
  ),
  inSdl(
    'sdl-syntax',
    'two schemas',
    'type Mutation {',
    'schema { query: Query }\n\n          schema { query: Query }\n\n          type Mutation {',
  ),
  inSdl(
    'sdl-query',
    'a schema without Query',
    'type Mutation {',
    'schema { mutation: Mutation }\n\n          type Mutation {',
  ),
  inSdl(
    'sdl-exists',
    'an unknown type',
    'type Mutation {',
    'type Ghost { a: Int }\n\n          type Mutation {',
  ),
  inSdl('sdl-exists', 'an unknown field', 'email: String\n', 'email: String\n            phone: String\n'),
  inSdl('sdl-exists', 'an unknown argument', 'first: Int = 10', 'last: Int, first: Int = 10'),
  inSdl('sdl-exists', 'an unknown enum value', 'OLDEST', 'OLDEST\n            RANDOM'),
  inSdl(
    'sdl-exists',
    'an unknown interface',
    'type User implements Person',
    'type User implements Person & ContractAddress',
  ),
  inSdl('sdl-exists', 'a type of another kind', 'scalar DateTime', 'enum DateTime { NOW }'),
  inSdl('sdl-type', 'a missing !', 'AuthPayload!', 'AuthPayload'),
  inSdl('sdl-type', 'an additional !', 'teamName: String', 'teamName: String!'),
  inSdl('sdl-default', 'another default', 'Int = 10', 'Int = 20'),
  inSdl('sdl-default', 'a missing default', 'newsletter: Boolean! = false', 'newsletter: Boolean!'),
  inSdl('sdl-required', 'a required input field left out', '            newsletter: Boolean! = false\n', ''),
  inSdl('sdl-required', 'a required argument left out', 'login(input: LoginInput!)', 'login'),
  inSdl('sdl-directive', 'a deprecation', 'me: User', 'me: User @deprecated'),
  inSdl('sdl-directive', 'a preset on a field', 'me: User', 'me: User @preset(value: 1)'),
  inSdl('sdl-preset', 'a preset without a value', 'Int = 10', 'Int = 10 @preset(static: true)'),
  {
    ...inSdl(
      'sdl-preset',
      'a preset for an object',
      'signup(input: SignupInput!',
      'signup(input: SignupInput! @preset(value: "x-hasura-user-id")',
    ),
    also: ['anonymous-variable'],
  },
  inSdl('sdl-reference', 'an undeclared scalar', '          scalar DateTime\n\n', ''),
  inSdl(
    'sdl-definition',
    'an unknown key',
    'definition:\n        schema',
    'definition:\n        roles: []\n        schema',
  ),
  { ...inSdl('sdl-roles', 'a role without SDL', '- role: anonymous', '- role: user'), also: ['role-single'] },
];

export const brokenSchemas: readonly BrokenExample[] = [...schema, ...roleSdl];
