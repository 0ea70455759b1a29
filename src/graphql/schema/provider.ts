import { linkProvider } from '../../flows/account/link-provider.ts';
import { unlinkIdentity } from '../../flows/account/unlink-identity.ts';
import { requireProvider } from '../../flows/shared/provider-identity.ts';
import { providerUrl } from '../../flows/shared/provider-url.ts';
import { listIdentities, type OwnIdentity } from '../../identities/identities.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { FRESHNESS, freshnessFields, withFreshness } from './freshness.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { requireChallenge } from './pkce.ts';

const PROVIDER = 'The name of the provider: one of `authConfig.providers`.';
const REDIRECT =
  'Where the user returns to: the application (APP_URL), or a URL that REDIRECT_URLS allows. Any other is passed over.';
const SCOPES = 'More scopes for the provider, beside those that are always asked for.';
const CHALLENGE =
  'The S256 challenge of PKCE: 43 characters of base64url. The client keeps its verifier for `exchangeCode`.';
const RETURNS =
  'The user returns to `redirectTo` with `code` in the query, which `exchangeCode` takes, or with `error`, `error_code` and `error_description`.';

const IdentityType = builder.objectRef<OwnIdentity>('Identity');

IdentityType.implement({
  description: 'An account at a provider by which a user signs in.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the identity, a UUID.' }),
    provider: t.exposeString('provider', { description: 'The name of the provider.' }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'The address that the provider last named. Null if it named none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was linked.' }),
    lastSignInAt: t.expose('lastSignInAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the user last signed in by it. Null if it was imported and not used since.',
    }),
  }),
});

builder.queryField('identities', (t) =>
  t.field({
    type: [IdentityType],
    description: paragraphs(
      'The accounts at providers by which the current user signs in, the oldest first.',
      `Error codes: ${ACCOUNT_HOLDER}.`,
    ),
    resolve: async (_root, _args, { deps, caller }) =>
      listIdentities(deps.db, (await requireAccountHolder(caller)).user.id),
  }),
);

const ProviderPayload = builder.objectRef<{ url: string }>('ProviderPayload').implement({
  description: 'Where a browser begins a sign-in by a provider.',
  fields: (t) => ({
    url: t.exposeString('url', {
      description:
        'A URL of the gateway. The browser goes there as a page, not by a script: it gets a cookie, which binds the sign-in to it.',
    }),
  }),
});

const SignInWithProviderInput = builder.inputType('SignInWithProviderInput', {
  description: 'Input of `signInWithProvider`: the provider, and where the user returns to.',
  fields: (t) => ({
    provider: t.string({ required: true, description: PROVIDER }),
    codeChallenge: t.string({ required: true, description: CHALLENGE }),
    redirectTo: t.string({ description: REDIRECT }),
    scopes: t.stringList({ description: SCOPES }),
  }),
});

builder.mutationField('signInWithProvider', (t) =>
  t.field({
    type: ProviderPayload,
    description: paragraphs(
      'Returns the URL at which the browser begins a sign-in by a provider. It opens no session by itself.',
      RETURNS,
      'A user whose address the provider has verified gets the account of that address. Without an account they sign up.',
      'Error codes: `unknown_provider` (`provider`), `required`, `invalid` (`codeChallenge`).',
    ),
    args: {
      input: t.arg({ type: SignInWithProviderInput, required: true, description: 'The provider.' }),
    },
    resolve: (_root, { input }, { deps }) => {
      const provider = requireProvider(deps, input.provider);
      const url = providerUrl(deps.config, {
        provider: provider.name,
        code_challenge: requireChallenge(input.codeChallenge),
        code_challenge_method: 's256',
        redirect_to: input.redirectTo ?? '',
        scopes: (input.scopes ?? []).join(' '),
      });
      return { url };
    },
  }),
);

const LinkProviderInput = builder.inputType('LinkProviderInput', {
  description:
    'Input of `linkProvider`: the provider, where the user returns to, and what shows that the user themselves asks.',
  fields: (t) => ({
    provider: t.string({ required: true, description: PROVIDER }),
    codeChallenge: t.string({ required: true, description: CHALLENGE }),
    redirectTo: t.string({ description: REDIRECT }),
    scopes: t.stringList({ description: SCOPES }),
    ...freshnessFields(t),
  }),
});

builder.mutationField('linkProvider', (t) =>
  t.field({
    type: ProviderPayload,
    description: paragraphs(
      'Returns a URL at which the browser of the current user links an account at a provider. It works once, within five minutes.',
      `${RETURNS} The account is linked by \`exchangeCode\`, which also opens a session, and answers \`identity_already_exists\` if it is linked already.`,
      'If the last sign-in is older than 15 minutes (FRESH_SIGN_IN), show `currentPassword` or `code` too. An anonymous user shows neither.',
      `Error codes: ${ACCOUNT_HOLDER}, \`unknown_provider\` (\`provider\`), \`required\` (\`codeChallenge\`, \`currentPassword\`), \`invalid\` (\`codeChallenge\`), ${FRESHNESS}, \`rate_limited\`, \`busy\`.`,
    ),
    args: { input: t.arg({ type: LinkProviderInput, required: true, description: 'The provider.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const codeChallenge = requireChallenge(input.codeChallenge);
      const viewer = await requireAccountHolder(caller);
      const { provider, redirectTo } = input;
      const link = { provider, redirects: [redirectTo], codeChallenge, proof: withFreshness(input) };
      const ticket = await linkProvider(deps, viewer, link);
      return { url: providerUrl(deps.config, { ticket, scopes: (input.scopes ?? []).join(' ') }) };
    },
  }),
);

builder.mutationField('unlinkIdentity', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Unlinks an account at a provider from the current user. The user keeps another way of signing in.',
      `Error codes: ${ACCOUNT_HOLDER}, \`invalid\` (\`id\`), \`not_found\` (\`id\`), \`last_identity\` (\`id\`), \`second_factor_required\`, \`rate_limited\`.`,
    ),
    args: { id: t.arg.id({ required: true, description: 'The id of the identity.' }) },
    resolve: async (_root, { id }, { deps, caller }) => {
      await unlinkIdentity(deps, await requireAccountHolder(caller), { id: String(id) });
      return ok;
    },
  }),
);
