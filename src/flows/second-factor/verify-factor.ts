import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { findChallengeState, redeemChallenge } from '../../second-factors/challenges.ts';
import { findFactor } from '../../second-factors/factors.ts';
import type { Viewer } from '../shared/caller.ts';
import type { SignedIn, TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { raiseSignIn } from '../shared/raise-sign-in.ts';

export type VerifyFactorInput = TokenOptions & { factorId: string; challengeId: string; code: string };

/**
 * Answers a challenge by a code of its authenticator app: completes the sign-in, and activates the app if it is its first code. The
 * challenge is used up with the right code. It gives no recovery codes: the person renews them later.
 *
 * @throws AuthError `not_found` if the person does not have this app, `invalid_challenge` or `challenge_expired` (challengeId);
 * what raiseSignIn throws
 */
export async function verifyFactor(
  deps: Deps,
  by: Viewer,
  { factorId, challengeId, code, ...tokens }: VerifyFactorInput,
): Promise<SignedIn> {
  const { user, sessionId } = by;
  const factor = await findFactor(deps.db, { userId: user.id, factorId });
  if (factor === null) throw new AuthError('not_found');
  if (code === '') throw new AuthError('required', { attribute: 'code' });
  const invalid = () => new AuthError('invalid_challenge', { attribute: 'challengeId' });
  if (sessionId === null || !isUuid(challengeId)) throw invalid();
  const challenge = { challengeId, factorId, sessionId };
  const state = await findChallengeState(deps.db, challenge);
  if (state === null) throw invalid();
  if (state === 'expired') throw new AuthError('challenge_expired', { attribute: 'challengeId' });
  const of = { verified: factor.verifiedAt !== null, factorId };
  const { signedIn } = await raiseSignIn(deps, by, {
    ...tokens,
    shown: { code, recoveryCode: '', of },
    async check(tx) {
      if (!(await redeemChallenge(tx, challenge))) throw invalid();
    },
  });
  return signedIn;
}
