import type { TestGateway } from '../support/gateway.ts';

/** The operator's headers: Hasura's admin, behind the secret. */
export const asOperator = ({ secret }: Pick<TestGateway, 'secret'>): Record<string, string> => ({
  'x-hasura-gateway-secret': secret,
  'x-hasura-role': 'admin',
});

export type AccountState = {
  userId: string;
  email: string | null;
  emailVerifiedAt: string | null;
  name: string | null;
  hasPassword: boolean;
  roles: string[];
  disabledAt: string | null;
  createdAt: string;
};

const STATE = 'userId email emailVerifiedAt name hasPassword roles disabledAt createdAt';

const mutation = (name: string, input: string, selection: string) =>
  `mutation Do($input: ${input}!) { ${name}(input: $input) { ${selection} } }`;

export const CREATE_USER = mutation('createUser', 'CreateUserInput', STATE);
export const INVITE_USER = mutation('inviteUser', 'InviteUserInput', 'email expiresAt');
export const UPDATE_USER = mutation('updateUser', 'UpdateUserInput', STATE);
export const DELETE_USER = mutation('deleteUser', 'AccountInput', 'userId');
export const END_SESSIONS = mutation('endUserSessions', 'AccountInput', 'userId sessionsEnded');
export const SEND_RESET = mutation('sendPasswordReset', 'AccountInput', 'ok');
export const USERS = `query Users($first: Int! = 50, $after: ID, $search: String, $disabled: Boolean, $verified: Boolean,
  $createdFrom: DateTime, $createdBefore: DateTime, $role: String) { users(first: $first, after: $after, search: $search, disabled: $disabled,
  verified: $verified, createdFrom: $createdFrom, createdBefore: $createdBefore, role: $role) { ${STATE} } }`;

/** Runs an operation as the operator. */
export async function operate<T>(gateway: TestGateway, document: string, input: object): Promise<T> {
  const data = await gateway.graphql<Record<string, T>>(document, { input }, asOperator(gateway));
  return Object.values(data)[0] as T;
}

/** The errors of an operation of the operator that must fail. */
export const refusedOperation = (gateway: TestGateway, document: string, input: object): Promise<unknown> =>
  gateway.failure(document, { input }, asOperator(gateway));

export const createUser = (gateway: TestGateway, input: object): Promise<AccountState> =>
  operate<AccountState>(gateway, CREATE_USER, input);
