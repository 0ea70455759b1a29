import { type AccessToken, listAccessTokens } from '../../access-tokens/access-tokens.ts';
import { type CreatedAccessToken, createAccessToken } from '../../flows/account/create-access-token.ts';
import { revokeAccessToken } from '../../flows/account/revoke-access-token.ts';
import { type PersonalSignIn, signInWithAccessToken } from '../../flows/sign-in/sign-in-with-access-token.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { FRESHNESS, freshnessFields, withFreshness } from './freshness.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { UserType } from './user.ts';

const AccessTokenType = builder.objectRef<AccessToken>('AccessToken');

AccessTokenType.implement({
  description: paragraphs(
    'A personal access token of a user: a program signs in with it.',
    'It is not the `accessToken` of a session. A program exchanges it for one with `signInWithAccessToken`.',
  ),
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        'The id of the personal access token, a UUID. It is also the id of its session, which its tokens carry as `x-hasura-session-id`.',
    }),
    name: t.exposeString('name', { description: 'The name that the user gave it.' }),
    roles: t.exposeStringList('roles', {
      description:
        'The roles of Hasura that it may have, by name. A program gets those that the user still has.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a program last signed in with it. Null if it was never used.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it expires.' }),
  }),
});

builder.queryField('accessTokens', (t) =>
  t.field({
    type: [AccessTokenType],
    description: paragraphs(
      'The personal access tokens of the current user that are neither revoked nor expired, the oldest first.',
      `Error codes: ${ACCOUNT_HOLDER}.`,
    ),
    resolve: async (_root, _args, { deps, caller }) =>
      listAccessTokens(deps.db, (await requireAccountHolder(caller)).user.id),
  }),
);

const CreateAccessTokenInput = builder.inputType('CreateAccessTokenInput', {
  description:
    'Input of `createAccessToken`: the new personal access token, and what shows that the user themselves asks.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'A name for the list: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      required: true,
      description:
        'When it expires: at least one minute from now, and at most `authConfig.personalTokenSeconds`.',
    }),
    roles: t.stringList({
      description:
        'The roles of Hasura that it may have: some of those in an access token of the user. All of them unless given. Roles of team tokens cannot be given.',
    }),
    ...freshnessFields(t),
  }),
});

const CreateAccessTokenPayload = builder.objectRef<CreatedAccessToken>('CreateAccessTokenPayload');

CreateAccessTokenPayload.implement({
  description: 'The answer of `createAccessToken`.',
  fields: (t) => ({
    token: t.exposeString('secret', {
      description: 'The personal access token itself: `prt_pat_…`. The gateway shows it only this once.',
    }),
    accessToken: t.expose('accessToken', {
      type: AccessTokenType,
      description: 'The personal access token as `accessTokens` lists it.',
    }),
  }),
});

builder.mutationField('createAccessToken', (t) =>
  t.field({
    type: CreateAccessTokenPayload,
    description: paragraphs(
      'Creates a personal access token for a program of the current user, and shows it once. The gateway mails a notice to a verified address.',
      'It works until it expires or is revoked, also after the user logs out or changes the password. It ends if the password is reset by a mailed link, or if the operator disables the account, ends its sessions, or changes its password or address.',
      'If the session is not proven (see `verifyEmail`), the personal access token is not either: it ends if the email address is proven without the password, even in this session.',
      `Error codes: ${ACCOUNT_HOLDER}, \`feature_disabled\`, \`required\` (\`name\`, \`currentPassword\`), \`max_length\` (\`name\`), \`invalid\` (\`name\`, \`expiresAt\`; \`roles\` if the list is empty, or the user does not have one of them), ${FRESHNESS}, \`too_many_access_tokens\`, \`rate_limited\`, \`busy\`.`,
    ),
    args: {
      input: t.arg({
        type: CreateAccessTokenInput,
        required: true,
        description: 'The new personal access token, and what shows that the user themselves asks.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      createAccessToken(deps, await requireAccountHolder(caller), {
        ...withFreshness(input),
        roles: input.roles ?? null,
      }),
  }),
);

const RevokeAccessTokenInput = builder.inputType('RevokeAccessTokenInput', {
  description: 'Input of `revokeAccessToken`: the personal access token to revoke.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the personal access token, as `AccessToken.id`.' }),
  }),
});

builder.mutationField('revokeAccessToken', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Revokes a personal access token of the current user.',
      'The gateway refuses it at once, and every token that a program got for it. Hasura accepts these until they expire, but its `portcullis_*` tables show no rows.',
      'On `not_found`, the personal access token was revoked or has expired, or it belongs to another user.',
      `Error codes: ${ACCOUNT_HOLDER}, \`invalid\` (\`id\`), \`not_found\` (\`id\`).`,
    ),
    args: {
      input: t.arg({
        type: RevokeAccessTokenInput,
        required: true,
        description: 'The personal access token to revoke.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await revokeAccessToken(deps, await requireAccountHolder(caller), input);
      return ok;
    },
  }),
);

const SignInWithAccessTokenInput = builder.inputType('SignInWithAccessTokenInput', {
  description: 'Input of `signInWithAccessToken`: the personal access token.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'The personal access token: `prt_pat_…`.' }),
  }),
});

const SignInWithAccessTokenPayload = builder.objectRef<PersonalSignIn>('SignInWithAccessTokenPayload');

SignInWithAccessTokenPayload.implement({
  description: 'The answer of `signInWithAccessToken`. It has neither a refresh token nor a team token.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description:
        'An access token, a JWT: send it as `Authorization: Bearer <accessToken>`, to Hasura or to the gateway. It cannot change the account or its sessions.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the access token expires. Call `signInWithAccessToken` again before.',
    }),
    user: t.expose('user', { type: UserType, description: 'The user of the personal access token.' }),
  }),
});

builder.mutationField('signInWithAccessToken', (t) =>
  t.field({
    type: SignInWithAccessTokenPayload,
    description: paragraphs(
      'Signs a program in with a personal access token: exchanges it for an access token.',
      WITHOUT_HEADER,
      'The access token has the roles of the personal access token that the user still has. The first default role that is left is the default role. On `permission_denied`, the user has none of these roles any more.',
      'On `invalid_access_token`, the personal access token is unknown, revoked or expired, or the account is disabled.',
      'Error codes: `feature_disabled`, `required` (`token`), `invalid_access_token` (`token`), `permission_denied`, `second_factor_required` (if the user has a second factor since, and the token was created without one), `rate_limited`, `no_signing_key`, `claims_failed`.',
    ),
    args: {
      input: t.arg({
        type: SignInWithAccessTokenInput,
        required: true,
        description: 'The personal access token.',
      }),
    },
    resolve: (_root, { input }, { deps, caller }) => signInWithAccessToken(deps, caller, input),
  }),
);
