import { AuthError } from '../../errors.ts';
import { listFactors } from '../../second-factors/factors.ts';
import { createRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import type { Viewer } from '../shared/caller.ts';
import type { SignedIn, TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { raiseSignIn } from '../shared/raise-sign-in.ts';

type ActivateTotpInput = TokenOptions & { code: string };

/** The new tokens, and the recovery codes, which are shown this once. Null if the person has some already. */
export type ActivatedTotp = SignedIn & { recoveryCodes: string[] | null };

/**
 * Activates the authenticator app that was enrolled last, by its first code. From now on a sign-in needs the second factor. The
 * session gets a new id, new tokens and level `aal2`. Every other session below that level ends, and so do personal access tokens that
 * were created below it. A person who has no recovery codes gets ten.
 *
 * @throws AuthError `not_found` if no app waits for its first code; what raiseSignIn throws
 */
export async function activateTotp(
  deps: Deps,
  by: Viewer,
  { code, ...tokens }: ActivateTotpInput,
): Promise<ActivatedTotp> {
  const waiting = (await listFactors(deps.db, by.user.id)).filter(({ verifiedAt }) => verifiedAt === null);
  const factor = waiting.at(-1);
  if (factor === undefined)
    throw new AuthError('not_found', { message: 'No authenticator app waits for its first code.' });
  const recoveryCodes = await createRecoveryCodes(deps.keyEncryption);
  const shown = { code, recoveryCode: '', of: { verified: false, factorId: factor.id } };
  const raising = { ...tokens, shown, recoveryCodes };
  const { signedIn, storedRecoveryCodes } = await raiseSignIn(deps, by, raising);
  return { ...signedIn, recoveryCodes: storedRecoveryCodes ? recoveryCodes.codes : null };
}
