import type { Mutation } from '../mutation.ts';

const REMOTE = 'hasura/metadata/remote_schemas.yaml';
const ACTIONS = 'hasura/metadata/actions.yaml';
const CRON = 'hasura/metadata/cron_triggers.yaml';
const ofGenerateJwk = (text: string) => `      timeout: 15\n      headers:\n        - name: ${text}`;

/** The remote schema, the actions and the triggers (hasura/README.md, "Remote schema permissions" and "The shared secret"). */
export const metadata: readonly Mutation[] = [
  {
    breaks: 'a role’s SDL lacks a field of the gateway’s that it is to have',
    file: REMOTE,
    from: '            team(id: ID!): Team\n',
    to: '',
    scenarios: ['teams'],
  },
  {
    breaks: 'anonymous cannot refresh',
    file: REMOTE,
    from: '            refresh(input: RefreshInput): AuthPayload!\n            resetPassword(input: ResetPasswordInput!): OkPayload!\n            signup',
    to: '            resetPassword(input: ResetPasswordInput!): OkPayload!\n            signup',
    scenarios: ['accounts'],
  },
  {
    breaks: 'anonymous can ask for teams',
    file: REMOTE,
    from: '            me: User\n          }\n',
    to: '            me: User\n            team(id: ID!): Team\n          }\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'users may call what is the operator’s',
    file: REMOTE,
    from: `            updateProfile(input: UpdateProfileInput!): User!
            verifyEmail(input: VerifyEmailInput!): AuthPayload!
          }
`,
    to: `            disableAccount(input: AccountInput!): AccountState!
            updateProfile(input: UpdateProfileInput!): User!
            verifyEmail(input: VerifyEmailInput!): AuthPayload!
          }

          input AccountInput {
            userId: ID!
          }

          type AccountState {
            disabledAt: DateTime
          }
`,
    scenarios: ['roles'],
  },
  {
    breaks: 'a type’s field is missing from what users see of it',
    file: REMOTE,
    from: '            current: Boolean!\n',
    to: '',
    scenarios: ['roles'],
  },
  {
    breaks: 'a role’s SDL has another default than the gateway',
    file: REMOTE,
    from: 'role: InvitedRole! = MEMBER',
    to: 'role: InvitedRole! = ADMIN',
    scenarios: ['start'],
  },
  {
    breaks: 'a role’s SDL has another type than the gateway',
    file: REMOTE,
    from: '            me: User\n            myInvites',
    to: '            me: User!\n            myInvites',
    scenarios: ['start'],
  },
  {
    breaks: 'a role’s SDL lacks an input field that the gateway requires',
    file: REMOTE,
    from: '          input UpdateProfileInput {\n            name: String!\n',
    to: '          input UpdateProfileInput {\n',
    scenarios: ['start'],
  },
  {
    breaks: 'a role’s SDL lacks a custom scalar',
    file: REMOTE,
    from: '          scalar DateTime\n\n          input DeleteAccountInput',
    to: '          input DeleteAccountInput',
    scenarios: ['start'],
  },
  {
    breaks: 'the secret goes to the gateway under another name',
    file: REMOTE,
    from: 'x-hasura-gateway-secret',
    to: 'x-hasura-secret',
    scenarios: ['accounts'],
  },
  {
    breaks: 'the secret goes to the gateway under a name that clients can use',
    file: REMOTE,
    from: 'x-hasura-gateway-secret',
    to: 'gateway-secret',
    scenarios: ['wire'],
  },
  {
    breaks: 'the gateway gets no headers of the client',
    file: REMOTE,
    from: 'forward_client_headers: true',
    to: 'forward_client_headers: false',
    scenarios: ['identity'],
  },
  {
    breaks: 'an action is called without the secret',
    file: ACTIONS,
    from: ofGenerateJwk('x-hasura-gateway-secret'),
    to: ofGenerateJwk('x-hasura-secret'),
    scenarios: ['console'],
  },
  {
    breaks: 'users may call an action',
    file: ACTIONS,
    from: 'permissions: []\n    comment: Creates',
    to: 'permissions:\n      - role: user\n    comment: Creates',
    scenarios: ['console'],
  },
  {
    breaks: 'an action gets headers of the client',
    file: ACTIONS,
    from: 'forward_client_headers: false\n      timeout: 15',
    to: 'forward_client_headers: true\n      timeout: 15',
    scenarios: ['wire'],
  },
  {
    breaks: 'an action’s address is none of the gateway’s',
    file: ACTIONS,
    from: '/hasura/actions/refreshEns',
    to: '/hasura/actions/refresh-ens',
    scenarios: ['console'],
  },
  {
    breaks: 'an action’s answer leads to another row',
    file: ACTIONS,
    from: 'id: id',
    to: 'id: alg',
    scenarios: ['console'],
  },
  {
    breaks: 'an action’s type has a field that the gateway does not answer',
    file: 'hasura/metadata/actions.graphql',
    from: '  expiresAt: timestamptz!',
    to: '  expiresAt: timestamptz!\n  kid: String!',
    scenarios: ['console'],
  },
  {
    breaks: 'a cron trigger is called without the secret',
    file: CRON,
    from: '    timeout_seconds: 60\n    tolerance_seconds: 21600\n  headers:\n    - name: x-hasura-gateway-secret',
    to: '    timeout_seconds: 60\n    tolerance_seconds: 21600\n  headers:\n    - name: x-hasura-secret',
    scenarios: ['cron'],
  },
  {
    breaks: 'a cron trigger’s address is none of the gateway’s',
    file: CRON,
    from: '/hasura/cron/refresh-ens',
    to: '/hasura/cron/refresh_ens',
    scenarios: ['cron'],
  },
];
