import { z } from 'zod';
import type { AuthError } from '../../errors.ts';
import { linkProvider } from '../../flows/account/link-provider.ts';
import { unlinkIdentity } from '../../flows/account/unlink-identity.ts';
import { providerUrl } from '../../flows/shared/provider-url.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { findAccount } from '../../users/accounts.ts';
import { type Endpoint, endpoint, type Incoming } from '../endpoint.ts';
import { requireUser, userErrors, userToken } from './bearer.ts';
import { challengeIn, PKCE, REDIRECT_QUERY, redirectsOf, requireUuid } from './bodies.ts';
import { refuse, respell } from './errors.ts';
import { identityObjects } from './objects.ts';
import { linkingIsOff } from './provider-grants.ts';
import { passedParameters, scopesIn } from './provider-parameters.ts';
import { unsupportedProvider } from './providers.ts';

async function requireLinking(deps: GatewayDeps, incoming: Incoming) {
  const viewer = await requireUser(deps, incoming);
  if (!deps.config.manualLinking) throw linkingIsOff();
  return viewer;
}

const lastIdentity = (): AuthError =>
  refuse(422, 'single_identity_not_deletable', 'User must have at least 1 identity after unlinking');

/** The identities of the signed-in person. */
export const identityEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/user/identities/authorize',
    changesState: true,
    docs: {
      operationId: 'goTrueLinkIdentity',
      summary: 'Link an account at a provider',
      description:
        'Answers an address of the gateway to which the browser goes within five minutes. With PKCE the identity is linked when the client exchanges its code. Without PKCE any browser that has the address links its identity, and an account without an email address gets none. Needs MANUAL_LINKING.',
      security: userToken,
      answers: {
        200: { description: 'Where the browser goes.', schema: z.object({ url: z.url() }) },
        302: { description: 'The same as a redirect, without `skip_http_redirect`.' },
      },
      errors: [...userErrors, 'unknown_provider', 'rate_limited', linkingIsOff()],
    },
    authenticate: (incoming) => requireLinking(deps, incoming),
    query: z.object({
      provider: z
        .string()
        .default('')
        .meta({ description: 'The name of the provider.', examples: ['google'] }),
      scopes: z.string().default('').meta({ description: 'More scopes, separated by spaces.' }),
      skip_http_redirect: z.string().default('').meta({ description: '`true`: answer JSON.' }),
      ...REDIRECT_QUERY,
      ...PKCE,
    }),
    async handle({ by, request, query }, c) {
      const { provider } = query;
      const link = { provider, redirects: redirectsOf(request, query), codeChallenge: challengeIn(query) };
      const ticket = await respell(linkProvider(deps, by, link), {
        unknown_provider: () => unsupportedProvider(provider),
      });
      const url = providerUrl(deps.config, {
        ...passedParameters(request),
        ...{ ticket, scopes: scopesIn(query.scopes).join(' ') },
      });
      return query.skip_http_redirect === 'true' ? c.json({ url }) : c.redirect(url, 302);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/user/identities/:identity_id',
    docs: {
      operationId: 'goTrueUnlinkIdentity',
      summary: 'Unlink an identity',
      description: 'The last way of signing in stays. Needs MANUAL_LINKING.',
      security: userToken,
      answers: { 200: { description: 'The identity is unlinked.', schema: z.object({}) } },
      errors: [...userErrors, 'rate_limited', linkingIsOff(), lastIdentity()],
    },
    authenticate: (incoming) => requireLinking(deps, incoming),
    params: z.object({ identity_id: z.string().meta({ description: 'The id of the identity.' }) }),
    async handle({ by, params }, c) {
      const id = requireUuid(params.identity_id, 'identity_id');
      const account = await findAccount(deps, by.user.id);
      const all = account === null ? [] : identityObjects(account);
      if (all.length <= 1) throw lastIdentity();
      // The identity of an address or a number is the account's own. It goes with the address.
      if (
        all.some(({ identity_id, provider }) => identity_id === id && ['email', 'phone'].includes(provider))
      )
        throw refuse(
          422,
          'email_conflict_identity_not_deletable',
          'Unable to unlink identity due to email conflict',
        );
      await respell(unlinkIdentity(deps, by, { id }), {
        last_identity: lastIdentity,
        not_found: () => refuse(422, 'identity_not_found', "Identity doesn't exist"),
      });
      return c.json({});
    },
  }),
];
