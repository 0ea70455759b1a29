import type { Declaration } from './declaration-types.ts';
import { liveSession, tables } from './declared-tables.ts';
import {
  operatorActionFields,
  operatorActionRelationships,
  operatorActions,
  operatorActionTypes,
} from './operator-actions.ts';
import { descriptions } from './table-descriptions.ts';

/** The operations of users in their teams. The gateway checks the role in the team. */
const teamOperations = {
  Query: ['myInvites', 'team'],
  Mutation: [
    ...['createTeam', 'deleteTeam', 'renameTeam', 'switchTeam'],
    ...['createProject', 'deleteProject', 'renameProject'],
    ...['changeMemberRole', 'leaveTeam', 'removeMember'],
    ...['acceptInvite', 'declineInvite', 'inviteMembers', 'revokeInvite'],
  ],
};

/** The operations that need no token. */
const publicOperations = {
  Query: ['authConfig', 'contractAddresses', 'me', 'emailExists'],
  Mutation: [
    ...['login', 'signup', 'signInAnonymously', 'signInWithAccessToken', 'signInWithTotp'],
    ...['requestMagicLink', 'requestCode', 'signInWithCode', 'signInWithLink', 'exchangeCode'],
    'signInWithProvider',
    ...['refresh', 'logout'],
    ...['verifyEmail', 'forgotPassword', 'resetPassword', 'confirmEmailChange'],
  ],
};

/** The operations of users on their own account. */
const accountOperations = [
  ...['resendEmailVerification', 'changePassword', 'changeEmail', 'updateProfile', 'deleteAccount'],
  ...['createAccessToken', 'revokeAccessToken'],
  ...['linkProvider', 'unlinkIdentity'],
  ...['totpEnroll', 'totpActivate', 'totpDisable', 'recoveryCodes', 'requestReauthentication'],
];

/** The operations of the operator, who is Hasura's admin. */
const operatorOperations = [
  ...['users', 'createUser', 'inviteUser', 'updateUser', 'deleteUser', 'disableAccount', 'enableAccount'],
  ...['setUserRoles', 'previewClaims', 'endUserSessions', 'sendPasswordReset'],
];

/** What each role may read and do through Hasura. `npm run hasura:generate` writes `hasura/` from it. */
export const declaration: Declaration = {
  roles: ['anonymous', 'user'],
  unauthorizedRole: 'anonymous',
  sessionVariables: [
    ...['X-Hasura-User-Id', 'X-Hasura-Session-Id', 'X-Hasura-Auth-Level'],
    ...['X-Hasura-Team-Id', 'X-Hasura-Team-Role'],
  ],
  environment: [
    ...[
      'HASURA_SOURCE_DATABASE_URL',
      'PORTCULLIS_URL',
      'PORTCULLIS_GRAPHQL_URL',
      'INTERNAL_ENDPOINTS_SECRET',
    ],
  ],
  databaseSchema: 'portcullis',
  liveSession,
  source: { name: 'portcullis', urlFrom: 'HASURA_SOURCE_DATABASE_URL' },
  gateway: {
    urlFrom: 'PORTCULLIS_URL',
    secretHeader: 'x-hasura-gateway-secret',
    secretFrom: 'INTERNAL_ENDPOINTS_SECRET',
  },
  tables,
  descriptions,
  remoteSchema: {
    name: 'portcullis',
    urlFrom: 'PORTCULLIS_GRAPHQL_URL',
    timeoutSeconds: 15,
    comment: 'Sign-up, sign-in, account, sessions and teams.',
    rootFields: {
      anonymous: {
        Query: publicOperations.Query,
        Mutation: publicOperations.Mutation,
      },
      // A client may sign in again, or as another user, while it still holds a token.
      user: {
        Query: [
          ...publicOperations.Query,
          'sessions',
          'accessTokens',
          'identities',
          'secondFactors',
          'recoveryCodesLeft',
          ...teamOperations.Query,
        ],
        Mutation: [
          ...publicOperations.Mutation,
          'revokeSession',
          ...accountOperations,
          ...teamOperations.Mutation,
        ],
      },
    },
    adminOnly: operatorOperations,
  },
  actions: {
    sdl: `type Mutation {
  assignRoles(userId: uuid!, roles: [String!]!, teamId: uuid): AssignRolesActionOutput!
  refreshEns: RefreshEnsActionOutput!
  generateJwk: GenerateJwkActionOutput!
${operatorActionFields}
}

"The roles of Hasura that the operator gave to a user, or to a member of a team."
type AssignRolesActionOutput {
  "The id of the user."
  userId: uuid!
  "The id of the team; null if the roles stand in all tokens."
  teamId: uuid
  "The given roles, by name."
  roles: [String!]!
  "The roles in the next token. The first is the default role."
  allowedRoles: [String!]!
}

"The contract addresses after a look-up."
type RefreshEnsActionOutput {
  "True: a failure is an error."
  success: Boolean!
  "All contract addresses."
  addresses: [ContractAddressActionOutput!]!
}

"The address of a contract."
type ContractAddressActionOutput {
  "The ENS name."
  key: String!
  "The address, with its checksum."
  value: String!
}

"The new signing key."
type GenerateJwkActionOutput {
  "True: a failure is an error."
  success: Boolean!
  "The id of the key, which tokens name as kid."
  id: String!
  "When the key ends."
  expiresAt: timestamptz!
}

${operatorActionTypes}`,
    list: [
      {
        name: 'assignRoles',
        timeoutSeconds: 10,
        comment:
          'Gives roles of Hasura to a user or a member, and takes the others away. As setUserRoles does.',
      },
      {
        name: 'refreshEns',
        timeoutSeconds: 30,
        comment: 'Looks up the ENS names and stores the contract addresses.',
      },
      {
        name: 'generateJwk',
        timeoutSeconds: 15,
        comment: 'Creates a signing key. The other keys stay as they are.',
      },
      ...operatorActions,
    ],
    relationships: {
      GenerateJwkActionOutput: [{ name: 'jwk', type: 'object', table: 'jwks', fieldMapping: { id: 'id' } }],
      AssignRolesActionOutput: [
        { name: 'user', type: 'object', table: 'users', fieldMapping: { userId: 'id' } },
      ],
      ...operatorActionRelationships,
    },
  },
  cronTriggers: [
    {
      name: 'refresh_ens',
      schedule: '17 * * * *',
      retries: 3,
      retryIntervalSeconds: 60,
      timeoutSeconds: 30,
      comment: 'Looks up the ENS names and stores the contract addresses.',
    },
    {
      name: 'prune',
      schedule: '*/10 * * * *',
      retries: 1,
      retryIntervalSeconds: 30,
      timeoutSeconds: 60,
      comment:
        'Deletes expired sessions, one-time tokens, invites, counters and keys, and old security events.',
    },
  ],
};
