import { AuthError } from '../../errors.ts';
import { emailTypes, isEmailType } from '../../flows/shared/code-types.ts';
import type { BesideCode } from '../../flows/shared/redeem-code.ts';
import { type FollowedLink, followMailedLink } from '../../flows/sign-in/sign-in-with-code.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming } from '../endpoint.ts';
import type { RouteContext } from '../routes.ts';
import { setSessionHeaders } from './answers.ts';
import { redirectsOf } from './bodies.ts';
import { type Spelling, spellingOf, validationFailed } from './errors.ts';
import { tokensObject } from './objects.ts';
import { withFragment, withQuery } from './redirects.ts';

/** What a person reads who has confirmed one half of a change. */
export const HALF_MESSAGE =
  'Confirmation link accepted. Please proceed to confirm link sent to the other email';

/** The first part of the token of a link whose flow began with PKCE. */
const PKCE = 'pkce_';

/** The query of a mailed link. */
type LinkQuery = Readonly<{ token: string; type: string; redirect_to?: string | undefined }>;

/** OAuth's names of errors, by the HTTP status (RFC 6749 4.1.2.1). */
const oauthErrors: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'unauthorized_client',
  403: 'access_denied',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

/** An error as the application reads it from the address to which the person returns. */
export function errorParameters({ status, code, message }: Spelling): Record<string, string> {
  const error = oauthErrors[status];
  return { ...(error !== undefined && { error }), error_code: code, error_description: message };
}

/**
 * Does what a mailed link was mailed for, and leads the person back: 303, with the session in the fragment, or with a code in the query
 * if the flow began with PKCE. An error leads back, too.
 * @param beside what the page of the link asked for
 */
export async function openLink(
  c: RouteContext,
  deps: GatewayDeps,
  incoming: Pick<Incoming, 'request' | 'caller'>,
  query: LinkQuery,
  beside?: BesideCode,
): Promise<Response> {
  const { token, type } = query;
  const candidates = redirectsOf(incoming.request, query);
  const isPkce = token.startsWith(PKCE);
  try {
    if (!isEmailType(type)) throw validationFailed('Invalid email verification type');
    // Without the dialect, the tokens are those of the other ways to sign in.
    const form = deps.config.dialects.includes('gotrue') ? 'gotrue' : 'gateway';
    const input = { token, purposes: emailTypes[type], form, ...(beside && { beside }) } as const;
    const followed = await followMailedLink(deps, incoming.caller, input);
    const [header, asked, referer] = candidates;
    const target = resolveRedirect(deps.config, [header, asked, followed.redirectTo, referer]);
    return leadBack(c, { followed, target, type, isPkce });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const parameters = errorParameters(spellingOf(error));
    const target = resolveRedirect(deps.config, candidates);
    return c.redirect(withFragment(isPkce ? withQuery(target, parameters) : target, parameters), 303);
  }
}

type WayBack = { followed: FollowedLink; target: string; type: string; isPkce: boolean };

function leadBack(c: RouteContext, { followed, target, type, isPkce }: WayBack): Response {
  if ('authCode' in followed) return c.redirect(withQuery(target, { code: followed.authCode }), 303);
  const { signedIn } = followed;
  if (signedIn === 'half') {
    const message = { message: HALF_MESSAGE };
    return c.redirect(withFragment(isPkce ? withQuery(target, message) : target, message), 303);
  }
  setSessionHeaders(c, signedIn);
  // GoTrue names the type of a link that signs in, even if the client names another.
  const named = type === 'email' ? 'magiclink' : type;
  return c.redirect(withFragment(target, { ...tokensObject(signedIn), type: named }), 303);
}
