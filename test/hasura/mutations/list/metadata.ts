import type { Mutation } from '../mutation.ts';

const REMOTE = 'hasura/metadata/remote_schemas.yaml';
const ACTIONS = 'hasura/metadata/actions.yaml';
const CRON = 'hasura/metadata/cron_triggers.yaml';
const ofGenerateJwk = (text: string) => `      timeout: 15\n      headers:\n        - name: ${text}`;

/** The remote schema, the actions and the triggers (hasura/README.md, "Remote schema permissions" and "The shared secret"). */
export const metadata: readonly Mutation[] = [
  {
    breaks: 'the SDL of user lacks the field team',
    file: REMOTE,
    from: '            team(id: ID!): Team\n',
    to: '',
    scenarios: ['teams'],
  },
  {
    breaks: 'anonymous cannot refresh',
    file: REMOTE,
    from: '            refresh(input: RefreshInput): AuthPayload!\n            requestCode',
    to: '            requestCode',
    scenarios: ['accounts'],
  },
  {
    breaks: 'anonymous may query a team',
    file: REMOTE,
    from: '            me: User\n          }\n',
    to: '            me: User\n            team(id: ID!): Team\n          }\n',
    scenarios: ['roles'],
  },
  {
    breaks: 'a user may call the operator’s disableAccount',
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
    breaks: 'the SDL of user lacks a field of a type',
    file: REMOTE,
    from: '            current: Boolean!\n',
    to: '',
    scenarios: ['roles'],
  },
  {
    breaks: 'the SDL of user has another default than the gateway',
    file: REMOTE,
    from: 'role: InvitedRole! = MEMBER',
    to: 'role: InvitedRole! = ADMIN',
    scenarios: ['start'],
  },
  {
    breaks: 'the SDL of user has another type than the gateway',
    file: REMOTE,
    from: '            me: User\n            myInvites',
    to: '            me: User!\n            myInvites',
    scenarios: ['start'],
  },
  {
    breaks: 'the SDL of user lacks an input field that the gateway requires',
    file: REMOTE,
    from: '          input UpdateProfileInput {\n            name: String!\n',
    to: '          input UpdateProfileInput {\n',
    scenarios: ['start'],
  },
  {
    breaks: 'the SDL of user lacks a custom scalar',
    file: REMOTE,
    from: '          scalar DateTime\n\n          input DeleteAccountInput',
    to: '          input DeleteAccountInput',
    scenarios: ['start'],
  },
  {
    breaks: 'Hasura sends the secret in an unknown header',
    file: REMOTE,
    from: 'x-hasura-gateway-secret',
    to: 'x-hasura-secret',
    scenarios: ['accounts'],
  },
  {
    breaks: 'Hasura sends the secret in a header that clients can set',
    file: REMOTE,
    from: 'x-hasura-gateway-secret',
    to: 'gateway-secret',
    scenarios: ['wire'],
  },
  {
    breaks: 'Hasura does not forward the client’s headers to the gateway',
    file: REMOTE,
    from: 'forward_client_headers: true',
    to: 'forward_client_headers: false',
    scenarios: ['identity'],
  },
  {
    breaks: 'Hasura calls an action without the secret',
    file: ACTIONS,
    from: ofGenerateJwk('x-hasura-gateway-secret'),
    to: ofGenerateJwk('x-hasura-secret'),
    scenarios: ['console'],
  },
  {
    breaks: 'a user may call an action',
    file: ACTIONS,
    from: 'permissions: []\n    comment: Creates a signing',
    to: 'permissions:\n      - role: user\n    comment: Creates a signing',
    scenarios: ['console'],
  },
  {
    breaks: 'Hasura forwards the client’s headers to an action',
    file: ACTIONS,
    from: 'forward_client_headers: false\n      timeout: 15',
    to: 'forward_client_headers: true\n      timeout: 15',
    scenarios: ['wire'],
  },
  {
    breaks: 'the address of an action is unknown to the gateway',
    file: ACTIONS,
    from: '/hasura/actions/refreshEns',
    to: '/hasura/actions/refresh-ens',
    scenarios: ['console'],
  },
  {
    breaks: 'the relationship of an action uses the wrong column',
    file: ACTIONS,
    from: 'id: id',
    to: 'id: alg',
    scenarios: ['console'],
  },
  {
    breaks: 'the type of an action has a field that the gateway does not return',
    file: 'hasura/metadata/actions.graphql',
    from: '"When the key ends."\n  expiresAt: timestamptz!',
    to: '"When the key ends."\n  expiresAt: timestamptz!\n  kid: String!',
    scenarios: ['console'],
  },
  {
    breaks: 'Hasura calls a cron trigger without the secret',
    file: CRON,
    from: '    timeout_seconds: 60\n    tolerance_seconds: 21600\n  headers:\n    - name: x-hasura-gateway-secret',
    to: '    timeout_seconds: 60\n    tolerance_seconds: 21600\n  headers:\n    - name: x-hasura-secret',
    scenarios: ['cron'],
  },
  {
    breaks: 'the address of a cron trigger is unknown to the gateway',
    file: CRON,
    from: '/hasura/cron/refresh-ens',
    to: '/hasura/cron/refresh_ens',
    scenarios: ['cron'],
  },
];
