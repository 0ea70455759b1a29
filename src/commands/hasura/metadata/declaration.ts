import type { Declaration } from './declaration-types.ts';
import { liveSession, tables } from './declared-tables.ts';

/** What the signed-in do in their teams; the team role decides at the gateway. */
const inTeams = {
  Query: ['myInvites', 'team'],
  Mutation: [
    ...['createTeam', 'deleteTeam', 'renameTeam', 'switchTeam'],
    ...['createProject', 'deleteProject', 'renameProject'],
    ...['changeMemberRole', 'leaveTeam', 'removeMember'],
    ...['acceptInvite', 'declineInvite', 'inviteMembers', 'revokeInvite'],
  ],
};

const forAnybody = {
  Query: ['authConfig', 'contractAddresses', 'me', 'emailExists'],
  Mutation: [
    ...['login', 'signup', 'refresh', 'logout'],
    ...['verifyEmail', 'forgotPassword', 'resetPassword', 'confirmEmailChange'],
  ],
};

/** What people do with their own account. */
const ofAccount = [
  ...['resendEmailVerification', 'changePassword', 'changeEmail', 'updateProfile', 'deleteAccount'],
];

/** Who may see and do what through Hasura. `npm run hasura:generate` turns it into `hasura/`. */
export const declaration: Declaration = {
  roles: ['anonymous', 'user'],
  unauthorizedRole: 'anonymous',
  sessionVariables: ['X-Hasura-User-Id', 'X-Hasura-Session-Id', 'X-Hasura-Team-Id', 'X-Hasura-Team-Role'],
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
  source: { name: 'default', urlFrom: 'HASURA_SOURCE_DATABASE_URL' },
  gateway: {
    urlFrom: 'PORTCULLIS_URL',
    secretHeader: 'x-hasura-gateway-secret',
    secretFrom: 'INTERNAL_ENDPOINTS_SECRET',
  },
  tables,
  remoteSchema: {
    name: 'portcullis',
    urlFrom: 'PORTCULLIS_GRAPHQL_URL',
    timeoutSeconds: 15,
    comment: 'Sign-up, login and the signed-in user',
    rootFields: {
      anonymous: {
        Query: forAnybody.Query,
        Mutation: forAnybody.Mutation,
      },
      // People sign in again, or as someone else, while they still hold a token.
      user: {
        Query: [...forAnybody.Query, 'sessions', ...inTeams.Query],
        Mutation: [...forAnybody.Mutation, 'revokeSession', ...ofAccount, ...inTeams.Mutation],
      },
    },
    adminOnly: ['disableAccount', 'enableAccount'],
  },
  actions: {
    sdl: `type Mutation {
  refreshEns: RefreshEnsActionOutput!
  generateJwk: GenerateJwkActionOutput!
}

type RefreshEnsActionOutput {
  success: Boolean!
  addresses: [ContractAddressActionOutput!]!
}

type ContractAddressActionOutput {
  key: String!
  value: String!
}

type GenerateJwkActionOutput {
  success: Boolean!
  id: String!
  expiresAt: timestamptz!
}
`,
    list: [
      {
        name: 'refreshEns',
        timeoutSeconds: 30,
        comment: 'Looks up the ENS names and stores the contract addresses',
      },
      {
        name: 'generateJwk',
        timeoutSeconds: 15,
        comment: 'Makes a new signing key; old keys stay as they are',
      },
    ],
    relationships: {
      GenerateJwkActionOutput: [{ name: 'jwk', type: 'object', table: 'jwks', fieldMapping: { id: 'id' } }],
    },
  },
  cronTriggers: [
    {
      name: 'refresh_ens',
      schedule: '17 * * * *',
      retries: 3,
      retryIntervalSeconds: 60,
      timeoutSeconds: 30,
      comment: 'Looks up the ENS names and stores the contract addresses',
    },
    {
      name: 'prune',
      schedule: '*/10 * * * *',
      retries: 1,
      retryIntervalSeconds: 30,
      timeoutSeconds: 60,
      comment: 'Removes expired sessions, tokens, counters and long-expired keys',
    },
  ],
};
