import { createHash } from 'node:crypto';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { useIdToken } from '../../identities/used-id-tokens.ts';
import { type Admitted, admitProviderAccount } from '../shared/admit-provider-account.ts';
import { type Caller, firstMissing, type Viewer } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { linkToSession } from '../shared/link-to-session.ts';
import { requireMayLink } from '../shared/may-link.ts';
import { openSessionFor } from '../shared/open-session.ts';
import { askProvider, identityOf, requireProvider } from '../shared/provider-identity.ts';
import { PROVIDER_METHOD } from '../shared/provider-outcome.ts';
import { refuseUnverified } from '../shared/unverified-address.ts';

export type IdTokenInput = TokenOptions & {
  provider: string;
  idToken: string;
  /** The access token that came with it. Empty if the client has none. */
  accessToken: string;
  /** The nonce whose SHA-256, in hexadecimal, the ID token holds. Empty if it holds none. */
  nonce: string;
  /** The signed-in person who links the identity instead; null for a sign-in. */
  linkedTo: Viewer | null;
};

/** The ID token holds the hash, so that an application that sees the token does not learn the nonce. */
const hashNonce = (nonce: string): string => createHash('sha256').update(nonce).digest('hex');

/**
 * Signs a person in with an ID token that the client got from the provider itself, for example by the SDK of a phone. Each ID token works
 * once. A nonce must be in both places or in none.
 *
 * @throws AuthError in this order `required` (provider, idToken), `unknown_provider` (provider), `rate_limited`, `busy`, `provider_failed`,
 * `invalid` (nonce), `provider_refused`, `provider_email_missing`, `provider_email_needs_verification`, `signup_disabled`,
 * `account_disabled`, `identity_already_exists`, `unauthenticated`, `permission_denied`, `second_factor_required` (linking),
 * `no_signing_key`, `claims_failed`
 */
export async function signInWithIdToken(deps: Deps, by: Caller, input: IdTokenInput): Promise<SignedIn> {
  const missing = firstMissing({ provider: input.provider, idToken: input.idToken });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  const provider = requireProvider(deps, input.provider);
  await deps.rateLimiter.consume([callerCounter(deps, by, 'provider')]);
  const { idToken, ttlSeconds = deps.config.tokens.accessTtlSeconds, linkedTo } = input;
  const sessionId = linkedTo === null ? null : await requireMayLink(deps, linkedTo);
  const shown = { idToken, accessToken: input.accessToken === '' ? undefined : input.accessToken };
  const verified = await askProvider(deps, provider, () => provider.verify(shown));
  checkNonce(input.nonce, verified.nonce);
  const key = await deps.signer.currentKey(ttlSeconds);
  const identity = identityOf(provider, verified.account);
  const method = { method: PROVIDER_METHOD, provider: provider.name };
  const open = async (
    tx: Transaction,
    { user, proven, action }: Pick<Admitted, 'user' | 'proven' | 'action'>,
  ) => {
    if (!(await useIdToken(tx, { idToken, expiresAt: verified.expiresAt }))) throw usedBefore();
    return openSessionFor(tx, deps, by, { user, action, by: { opener: 'provider', proven }, method });
  };
  const opened =
    sessionId === null
      ? await admitProviderAccount(deps, by, { identity, invitedUserId: null }, open)
      : await linkToSession(deps, by, { sessionId, identity, byClient: true }, (tx, linked) =>
          open(tx, { ...linked, action: 'login' }),
        );
  if (opened === 'unverified')
    return refuseUnverified(deps, by, { identity, redirectTo: deps.config.redirects.siteUrl });
  const { kind, form } = input;
  return completeSignIn(deps, { ...opened, key, ttlSeconds, kind, form });
}

const usedBefore = (): AuthError =>
  new AuthError('provider_refused', {
    message: 'The ID token was used before.',
    details: { reason: 'used' },
  });

/** @throws AuthError `invalid` (nonce); `details.reason` says whether one is missing */
function checkNonce(given: string, held: string | null): void {
  if ((given === '') !== (held === null))
    throw new AuthError('invalid', { attribute: 'nonce', details: { reason: 'missing' } });
  if (held !== null && held !== hashNonce(given))
    throw new AuthError('invalid', { attribute: 'nonce', details: { reason: 'other' } });
}
