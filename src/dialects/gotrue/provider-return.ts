import type { AuthError } from '../../errors.ts';
import type { ProviderReturn, StateFault } from '../../flows/sign-in/finish-provider-sign-in.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { RouteContext } from '../routes.ts';
import { setSessionHeaders } from './answers.ts';
import { spellingOf } from './errors.ts';
import { providerTokensObject, tokensObject } from './objects.ts';
import { errorParameters } from './open-link.ts';
import { withFragment, withQuery } from './redirects.ts';

type Parameters = Readonly<Record<string, string>>;

/** Why a state has no place to return to, in GoTrue's words. */
const stateFaults: Readonly<Record<StateFault, Parameters>> = {
  missing: { error_code: 'bad_oauth_callback', error_description: 'OAuth state parameter missing' },
  malformed: { error_code: 'bad_oauth_state', error_description: 'OAuth state parameter is invalid' },
  unknown: { error_code: 'bad_oauth_state', error_description: 'OAuth state not found or expired' },
  used: { error_code: 'flow_state_already_used', error_description: 'OAuth state has already been used' },
};

const NO_CODE: Parameters = {
  error: 'invalid_request',
  error_code: 'bad_oauth_callback',
  error_description: 'OAuth callback with missing authorization code missing',
};

/** What a provider may say about a refusal: plain text, and not much. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);

/** The errors of a sign-in by a provider that GoTrue names differently, or with another error of OAuth. */
function failureParameters(error: AuthError, provider: string): Parameters {
  switch (error.code) {
    case 'provider_email_needs_verification':
      return {
        error: 'access_denied',
        error_code: error.code,
        error_description: `Unverified email with ${provider}. A confirmation email has been sent to your ${provider} email`,
      };
    case 'signup_disabled':
    case 'account_disabled':
      return { ...errorParameters(spellingOf(error)), error: 'access_denied' };
    case 'invitation_mismatch':
      return {
        error: 'invalid_request',
        error_code: 'validation_failed',
        error_description: 'Invited email does not match emails from external provider',
      };
    case 'provider_email_missing':
      return serverError('Error getting user email from external provider');
    case 'provider_failed':
    case 'provider_refused':
      return serverError('Unable to exchange external code');
    default:
      return errorParameters(spellingOf(error));
  }
}

const serverError = (description: string): Parameters => ({
  error: 'server_error',
  error_code: 'unexpected_failure',
  error_description: description,
});

/** An error goes into the query and into the fragment: clients look in either. */
const withError = (redirectTo: string, parameters: Parameters): string =>
  withFragment(withQuery(redirectTo, parameters), parameters);

/** Where a browser goes that has come back from a provider. */
function targetOf(deps: GatewayDeps, back: ProviderReturn): string {
  switch (back.kind) {
    case 'stateless':
      return withQuery(deps.config.redirects.siteUrl, {
        error: 'invalid_request',
        ...stateFaults[back.fault],
      });
    case 'declined':
      return withError(back.redirectTo, {
        error: plain(back.error),
        ...(back.description !== '' && { error_description: plain(back.description) }),
      });
    case 'no_code':
      return withError(back.redirectTo, NO_CODE);
    case 'failed':
      return withError(back.redirectTo, failureParameters(back.error, back.provider));
    case 'code':
      return withQuery(back.redirectTo, { code: back.authCode });
    case 'tokens':
      return withFragment(back.redirectTo, {
        ...tokensObject(back.signedIn),
        ...providerTokensObject(back.providerTokens),
      });
  }
}

/** Leads a browser back to the application. */
export function leadBack(deps: GatewayDeps, c: RouteContext, back: ProviderReturn): Response {
  if (back.kind === 'tokens') setSessionHeaders(c, back.signedIn);
  return c.redirect(targetOf(deps, back), back.kind === 'stateless' ? 303 : 302);
}
