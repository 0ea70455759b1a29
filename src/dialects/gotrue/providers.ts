import { z } from 'zod';
import type { AuthError } from '../../errors.ts';
import {
  type BegunSignIn,
  beginProviderLink,
  beginProviderSignIn,
} from '../../flows/sign-in/begin-provider-sign-in.ts';
import { finishProviderSignIn } from '../../flows/sign-in/finish-provider-sign-in.ts';
import { browserSecret, type WayBack } from '../../request/browser-secret.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint, type Incoming } from '../endpoint.ts';
import type { RouteContext } from '../routes.ts';
import { challengeIn, PKCE, REDIRECT_QUERY, redirectsOf } from './bodies.ts';
import { refuse, respell, validationFailed } from './errors.ts';
import { passedParameters, scopesIn } from './provider-parameters.ts';
import { leadBack } from './provider-return.ts';

/** Every parameter that a provider may answer with, as far as the gateway reads it. */
const ANSWER = {
  state: z.string().optional().meta({ description: 'What `/authorize` sent to the provider.' }),
  code: z.string().optional().meta({ description: 'What the gateway exchanges at the provider.' }),
  error: z.string().optional().meta({ description: 'Why the provider refuses, as OAuth names it.' }),
  error_description: z.string().optional().meta({ description: 'The same as a sentence.' }),
  iss: z.string().optional().meta({ description: 'The issuer (RFC 9207).' }),
  user: z.string().optional().meta({ description: "Apple's user, the first time." }),
};
const Answer = z.object(ANSWER);

const secretOf = (deps: GatewayDeps, c: RouteContext) =>
  browserSecret(deps.config, c.env.incoming, c.env.outgoing);

/** GoTrue's answer to the name of a provider that is not configured. */
export const unsupportedProvider = (name: string): AuthError =>
  validationFailed(`Unsupported provider: Provider ${name.slice(0, 64)} could not be found`);

const invitedUserNotFound = (): AuthError =>
  refuse(404, 'user_not_found', 'User identified by token not found');

/** Sends the browser to the provider. */
function sendToProvider(
  deps: GatewayDeps,
  c: RouteContext,
  { url, browser, formPost }: BegunSignIn,
): Response {
  secretOf(deps, c).write(formPost ? 'form' : 'link', browser);
  return c.redirect(url.href, 302);
}

async function comeBack(
  deps: GatewayDeps,
  c: RouteContext,
  {
    caller,
    answer,
    wayBack,
  }: Pick<Incoming, 'caller'> & { answer: z.output<typeof Answer>; wayBack: WayBack },
): Promise<Response> {
  const given = Object.entries(answer).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const parameters = Object.fromEntries(given);
  const browser = secretOf(deps, c).read(wayBack);
  return leadBack(deps, c, await finishProviderSignIn(deps, caller, { parameters, browser }));
}

/** The way to a provider and back, for browsers. */
export const providerEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/authorize',
    changesState: true,
    docs: {
      operationId: 'goTrueAuthorize',
      summary: 'Sign in by a provider',
      description:
        'Leads the browser to the provider, which leads it back to `/callback`. Other parameters go through to the provider, for example `prompt` and `login_hint`.',
      answers: { 302: { description: 'The way to the provider.' } },
      errors: ['unknown_provider', 'rate_limited', 'provider_failed', 'busy'],
    },
    query: z.object({
      provider: z
        .string()
        .default('')
        .meta({ description: 'The name of the provider.', examples: ['google'] }),
      scopes: z.string().default('').meta({ description: 'More scopes, separated by spaces.' }),
      invite_token: z.string().default('').meta({ description: 'The token of an invitation.' }),
      ticket: z
        .string()
        .default('')
        .meta({ description: 'The ticket of a signed-in person who links an identity.' }),
      ...REDIRECT_QUERY,
      ...PKCE,
    }),
    async handle({ caller, request, query }, c) {
      const { provider, ticket, invite_token: inviteToken } = query;
      const secrets = secretOf(deps, c);
      const browser = secrets.read('link') ?? secrets.read('form');
      const asked = { scopes: scopesIn(query.scopes), extra: passedParameters(request), browser };
      const beginning =
        ticket === ''
          ? beginProviderSignIn(deps, caller, {
              ...{ ...asked, provider, inviteToken, codeChallenge: challengeIn(query) },
              redirects: redirectsOf(request, query),
            })
          : beginProviderLink(deps, caller, { ...asked, ticket });
      const begun = await respell(beginning, {
        unknown_provider: () => unsupportedProvider(provider),
        invalid_token: (error) => (error.attribute === 'inviteToken' ? invitedUserNotFound() : error),
      });
      return sendToProvider(deps, c, begun);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/callback',
    changesState: true,
    docs: {
      operationId: 'goTrueCallback',
      summary: 'Come back from a provider',
      description:
        'The redirect URI of all providers. It leads back to the application: with PKCE with a code in the query, otherwise with the session in the fragment. Errors lead back, too.',
      answers: {
        302: { description: 'The way back, with the session, the code or the error.' },
        303: { description: 'The way to the site, if the state is not one of this browser.' },
      },
    },
    query: Answer,
    handle: ({ caller, query }, c) => comeBack(deps, c, { caller, answer: query, wayBack: 'link' }),
  }),
  endpoint({
    method: 'POST',
    path: '/callback',
    docs: {
      operationId: 'goTrueCallbackForm',
      summary: 'Come back from a provider that posts its answer',
      description: 'The same as a form, for example for Apple.',
      answers: { 302: { description: 'The way back.' }, 303: { description: 'The way to the site.' } },
    },
    body: Answer,
    bodyFormat: 'form',
    handle: ({ caller, body }, c) => comeBack(deps, c, { caller, answer: body, wayBack: 'form' }),
  }),
];
