import { AuthError } from '../../errors.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import { firstMissing, type Viewer } from '../shared/caller.ts';
import { requireCurrentPassword, requireUnchangedPassword } from '../shared/current-password.ts';
import type { Deps } from '../shared/deps.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { replacePassword } from '../shared/replace-password.ts';
import { requireStepUp } from '../shared/step-up.ts';

type ChangePasswordInput = { currentPassword: string; newPassword: string };

/**
 * Sets a new password for the signed-in person, who shows the current one. Their other sessions end, every mailed token is
 * retired, and a notice is mailed. Personal access tokens stay. If the password is not proven, only a pending change of the address
 * ends: the mailed links are the way in of the mailbox's owner. Of several changes at once one succeeds; the others fail with a
 * wrong current password, and so does a change whose session has just ended.
 *
 * @returns how many other sessions were ended
 * @throws AuthError `required` (currentPassword, then newPassword), `min_length`, `missing_characters` or `max_length` (newPassword),
 * `second_factor_required`, `rate_limited`, `busy`, `invalid_credentials` (currentPassword), `leaked_password` (newPassword), `unavailable`
 */
export async function changePassword(
  deps: Deps,
  by: Viewer,
  { currentPassword, newPassword }: ChangePasswordInput,
): Promise<number> {
  const missing = firstMissing({ currentPassword, newPassword });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(newPassword, deps.config.passwords, 'newPassword');
  requireStepUp(by);
  const from = await requireCurrentPassword(deps, by, { currentPassword });
  const to = await hashNewPassword(deps, newPassword, 'newPassword');
  return deps.db.transaction(async (tx) => {
    await requireUnchangedPassword(tx, by, { passwordHash: from });
    return replacePassword(tx, by, { from, to });
  });
}
