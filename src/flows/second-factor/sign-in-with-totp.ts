import { AuthError } from '../../errors.ts';
import { ALL_VERIFIED } from '../../second-factors/factors.ts';
import { authenticateToken } from '../shared/authenticate.ts';
import { type Caller, isAccountToken } from '../shared/caller.ts';
import type { SignedIn } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { raiseSignIn } from '../shared/raise-sign-in.ts';
import { requireSecondFactor } from '../shared/second-factor.ts';

export type SignInWithTotpInput = {
  /** The access token of the first factor. */
  accessToken: string;
  /** A code of any authenticator app of the person. Empty if a recovery code is given. */
  code: string;
  /** Empty if a code is given. */
  recoveryCode: string;
};

/**
 * Completes a sign-in by a code of an authenticator app, or by a recovery code. The session of the first factor is replaced by one at
 * level `aal2`, whose tokens allow everything. A session that is at this level already shows a fresh second factor in this way.
 *
 * @throws AuthError `required` (accessToken, then code), `unauthenticated` (accessToken), `permission_denied` for a team token or a
 * personal access token, `not_found` if the person has no second factor; what raiseSignIn throws
 */
export async function signInWithTotp(
  deps: Deps,
  by: Caller,
  { accessToken, code, recoveryCode }: SignInWithTotpInput,
): Promise<SignedIn> {
  if (accessToken === '') throw new AuthError('required', { attribute: 'accessToken' });
  const viewer = await authenticateToken(deps, by, { token: accessToken, firstFactorIsEnough: true });
  if (!isAccountToken(viewer))
    throw new AuthError('permission_denied', { message: 'Send the access token of a login.' });
  await requireSecondFactor(deps, viewer);
  const shown = { code, recoveryCode, of: ALL_VERIFIED };
  // A client of the portal holds one token.
  const { portalTtlSeconds } = deps.config.tokens;
  const tokens =
    viewer.tokenKind === 'portal' ? ({ kind: 'portal', ttlSeconds: portalTtlSeconds } as const) : {};
  const { signedIn } = await raiseSignIn(deps, viewer, { ...tokens, shown });
  return signedIn;
}
