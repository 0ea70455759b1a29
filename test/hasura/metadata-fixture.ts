import { declaration } from '../../src/commands/hasura/metadata/declaration.ts';
import type { Declaration } from '../../src/commands/hasura/metadata/declaration-types.ts';

/** A small gateway schema: the fields that the declaration lists, with the features that the rules check. */
export const fixtureSdl = `
"Queries."
type Query {
  "Settings of this gateway."
  authConfig: AuthConfig!
  contractAddresses(first: Int = 10, order: AddressOrder = NEWEST): [ContractAddress!]!
  me: User
  team(id: ID!, first: Int = 10): Team
}
type Mutation {
  signup(input: SignupInput!): AuthPayload!
  login(input: LoginInput!): AuthPayload!
}
"A point in time."
scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
enum AddressOrder { NEWEST OLDEST @deprecated(reason: "Unused.") }
type AuthConfig { signup: Boolean! passwordMinLength: Int! @deprecated(reason: "Use another field.") }
type ContractAddress { key: String! value: String! updatedAt: DateTime! }
interface Person { id: ID! name: String }
type User implements Person { id: ID! name: String email: String createdAt: DateTime! }
type Team { id: ID! name: String! }
type AuthPayload { accessToken: String! expiresAt: DateTime! user: User! }
input SignupInput { email: String! password: String! name: String! teamName: String newsletter: Boolean! = false }
input LoginInput { email: String! password: String! }
`;

const rootFields = {
  Query: ['authConfig', 'contractAddresses', 'me', 'team'],
  Mutation: ['login', 'signup'],
};

/** The shipped declaration, for the small schema. */
export const fixtureDeclaration: Declaration = {
  ...declaration,
  remoteSchema: { ...declaration.remoteSchema, rootFields: { anonymous: rootFields, user: rootFields } },
};
