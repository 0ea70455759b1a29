import { AuthError, type ErrorCode } from '../../errors.ts';
import type { ProviderIdentity } from '../../identities/identities.ts';
import { requestSignInCode } from '../sign-in/request-code.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/** Errors of the mail that the person does not learn of: they would tell whether the address has an account. */
const HIDDEN: readonly ErrorCode[] = ['rate_limited', 'feature_disabled', 'required', 'unavailable', 'busy'];

/**
 * Mails a code to an address that the provider has not verified, as `requestCode` does. It proves the mailbox, not that the account at the
 * provider is the same person's: the person signs in by the mail, and can link the provider then. Known and unknown addresses get the
 * same answer.
 * @throws AuthError `provider_email_needs_verification`, or `signup_disabled` for an address without an account
 */
export async function refuseUnverified(
  deps: Deps,
  by: Caller,
  { identity, redirectTo }: { identity: ProviderIdentity; redirectTo: string },
): Promise<never> {
  const request = {
    email: identity.email ?? '',
    redirects: [redirectTo],
    codeChallenge: null,
    captchaToken: '',
  };
  try {
    await requestSignInCode(deps, by, { ...request, createUser: true, tellsUnknown: false });
  } catch (error) {
    if (!(error instanceof AuthError) || !HIDDEN.includes(error.code)) throw error;
  }
  throw new AuthError('provider_email_needs_verification');
}
