import type { Declaration } from './declaration-types.ts';

// The actions by which an operator manages accounts in the console. The remote schema has the same operations without `Action` in
// their names: both share one namespace of root fields. No action takes a password, since Hasura may show an action's input in errors.

/** The fields of `type Mutation`, and the types that they need. */
export const operatorActionFields = `  createUserAction(input: CreateUserActionInput!): UserActionOutput!
  inviteUserAction(input: InviteUserActionInput!): InvitedUserActionOutput!
  updateUserAction(input: UpdateUserActionInput!): UserActionOutput!
  disableAccountAction(input: AccountActionInput!): UserActionOutput!
  enableAccountAction(input: AccountActionInput!): UserActionOutput!
  endUserSessionsAction(input: AccountActionInput!): EndedSessionsActionOutput!
  sendPasswordResetAction(input: AccountActionInput!): UserActionOutput!
  deleteUserAction(input: AccountActionInput!): DeletedUserActionOutput!`;

export const operatorActionTypes = `"A new user without a password."
input CreateUserActionInput {
  "The email address."
  email: String!
  "The name. Leave it out if they have none."
  name: String
  "If true, the address counts as verified."
  emailVerified: Boolean
  "If true, the gateway mails a link that sets a password."
  sendLink: Boolean
}

"The address of a person who may create an account."
input InviteUserActionInput {
  "The email address."
  email: String!
}

"A user, and what changes. What is left out stays as it is."
input UpdateUserActionInput {
  "The id of the user."
  userId: uuid!
  "The new name."
  name: String
  "The new email address."
  email: String
  "Whether the email address is verified."
  emailVerified: Boolean
}

"An account."
input AccountActionInput {
  "The id of the user."
  userId: uuid!
}

"The user of an account."
type UserActionOutput {
  "The id of the user."
  userId: uuid!
}

"An address that may create an account."
type InvitedUserActionOutput {
  "The address in its canonical form."
  email: String!
  "When the mailed link stops working."
  expiresAt: timestamptz!
}

"The sessions of a user that ended."
type EndedSessionsActionOutput {
  "The id of the user."
  userId: uuid!
  "How many sessions ended now."
  sessionsEnded: Int!
}

"A user who was deleted."
type DeletedUserActionOutput {
  "The id that the user had."
  userId: uuid!
}
`;

const TIMEOUT_SECONDS = 20;

const comments = {
  createUserAction: 'Creates a user without a password, and mails a link that sets one.',
  inviteUserAction: 'Mails a link by which a person creates an account, also while sign-up is off.',
  updateUserAction:
    'Changes the name or the address of a user. A new address ends their sessions and personal access tokens.',
  disableAccountAction:
    'Disables an account: its sessions and personal access tokens end, and its user cannot sign in.',
  enableAccountAction: 'Enables a disabled account again.',
  endUserSessionsAction: 'Ends all sessions and personal access tokens of a user.',
  sendPasswordResetAction: 'Mails a link that sets a new password.',
  deleteUserAction: 'Deletes a user permanently, with the teams in which they are alone.',
};

/** What the metadata says of each action. */
export const operatorActions: Declaration['actions']['list'] = Object.entries(comments).map(
  ([name, comment]) => ({ name, comment, timeoutSeconds: TIMEOUT_SECONDS }),
);

/** Each type has an object of its own, since YAML writes a shared one as an alias. */
const toUser = () =>
  [{ name: 'user', type: 'object', table: 'users', fieldMapping: { userId: 'id' } }] as const;

/** The answers lead to the rows of the users. */
export const operatorActionRelationships: Declaration['actions']['relationships'] = {
  UserActionOutput: toUser(),
  EndedSessionsActionOutput: toUser(),
};
