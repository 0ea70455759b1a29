import { recordSecurityEvent } from '../../audit/security-events.ts';
import { ALL_VERIFIED } from '../../second-factors/factors.ts';
import { createRecoveryCodes, replaceRecoveryCodes } from '../../second-factors/recovery-codes.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { requireSecondFactor, useSecondFactor } from '../shared/second-factor.ts';
import { requireStepUp } from '../shared/step-up.ts';

/**
 * Makes ten new recovery codes for the signed-in person, who shows a fresh code of an authenticator app. The earlier ones end.
 * @returns the codes, which are shown this once
 * @throws AuthError `second_factor_required`, `not_found` if the person has no second factor; what useSecondFactor throws
 */
export async function renewRecoveryCodes(
  deps: Deps,
  by: Viewer,
  { code }: { code: string },
): Promise<string[]> {
  requireStepUp(by);
  const { user, sessionId, device } = by;
  const userId = user.id;
  await requireSecondFactor(deps, by);
  const created = await createRecoveryCodes(deps.keyEncryption);
  const shown = { code, recoveryCode: '', of: ALL_VERIFIED };
  await useSecondFactor(deps, by, shown, async (tx) => {
    await replaceRecoveryCodes(tx, { userId, created });
    await recordSecurityEvent(tx, { action: 'recovery_codes_created', userId, sessionId, device });
  });
  return created.codes;
}
