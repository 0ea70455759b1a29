import { securityEvents } from '../../audit/tables.ts';
import { cache } from '../../ens/tables.ts';
import { jwks } from '../../keys/tables.ts';
import { sessions } from '../../sessions/tables.ts';
import { invites, memberships, projects, teams } from '../../teams/tables.ts';
import { users } from '../../users/tables.ts';
import { type Declaration, track } from './declaration-types.ts';

const me = { _eq: 'X-Hasura-User-Id' };
/** Whoever manages a team, as one of its members. */
const manager = { user_id: me, role: { _in: ['OWNER', 'ADMIN'] } };

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
  source: { name: 'default', urlFrom: 'HASURA_SOURCE_DATABASE_URL' },
  gateway: {
    urlFrom: 'PORTCULLIS_URL',
    secretHeader: 'x-hasura-gateway-secret',
    secretFrom: 'INTERNAL_ENDPOINTS_SECRET',
  },
  tables: [
    track(users, {
      editable: ['name'],
      permissions: {
        user: {
          select: {
            columns: ['id', 'email', 'name', 'email_verified_at', 'created_at', 'updated_at'],
            filter: { id: me },
          },
          update: { columns: ['name'], filter: { id: me } },
        },
      },
    }),
    track(teams, {
      editable: ['name'],
      joins: [{ name: 'gateway_team', field: 'team', arguments: { id: 'id' } }],
      permissions: {
        user: {
          select: {
            columns: ['id', 'name', 'created_at', 'updated_at'],
            filter: { memberships: { user_id: me } },
          },
          update: {
            columns: ['name'],
            filter: { memberships: manager },
          },
        },
      },
    }),
    track(memberships, {
      editable: [],
      permissions: {
        user: {
          select: {
            columns: ['team_id', 'user_id', 'role', 'created_at'],
            filter: { team: { memberships: { user_id: me } } },
          },
        },
      },
    }),
    track(projects, {
      editable: ['name'],
      permissions: {
        user: {
          select: {
            columns: ['id', 'team_id', 'name', 'created_at', 'updated_at'],
            filter: { team: { memberships: { user_id: me } } },
          },
          update: { columns: ['name'], filter: { team: { memberships: manager } } },
        },
      },
    }),
    track(invites, {
      editable: [],
      permissions: {
        user: {
          select: {
            columns: ['id', 'team_id', 'email', 'role', 'inviter_id', 'created_at', 'expires_at'],
            filter: { team: { memberships: manager } },
          },
        },
      },
    }),
    track(sessions, {
      editable: [],
      permissions: {
        user: {
          select: {
            columns: [
              ...(['id', 'user_id', 'active_team_id', 'user_agent', 'address'] as const),
              ...(['created_at', 'last_used_at', 'expires_at', 'revoked_at'] as const),
            ],
            filter: { user_id: me },
          },
        },
      },
    }),
    track(jwks, { customName: 'jwks', editable: ['expires_at'], permissions: {} }),
    track(securityEvents, { editable: [], permissions: {} }),
    track(cache, {
      everyRow: true,
      editable: [],
      permissions: {
        anonymous: { select: { columns: ['key', 'value', 'updated_at'], filter: {} } },
        user: { select: { columns: ['key', 'value', 'updated_at'], filter: {} } },
      },
    }),
  ],
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
