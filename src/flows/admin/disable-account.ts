import { recordSecurityEvent } from '../../audit/security-events.ts';
import { withdrawInvitesOf } from '../../teams/departure.ts';
import { type User, updateUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { endAccess } from '../shared/end-access.ts';
import { lockOperatedAccount, noAccount, parseUserId } from '../shared/operated-account.ts';

/**
 * Disables an account: sign-ins are refused, its sessions end at once, its mailed tokens are retired, and the invites that it
 * made are withdrawn. What it owns stays. For the operator; idempotent.
 * @throws AuthError `invalid`, `not_found` (userId)
 */
export const disableAccount = (deps: Deps, by: Caller, input: { userId: string }): Promise<User> =>
  setDisabled(deps, by, { ...input, disabled: true });

/**
 * Enables a disabled account. The person has to sign in again. For the operator; idempotent.
 * @throws AuthError `invalid`, `not_found` (userId)
 */
export const enableAccount = (deps: Deps, by: Caller, input: { userId: string }): Promise<User> =>
  setDisabled(deps, by, { ...input, disabled: false });

async function setDisabled(
  deps: Deps,
  by: Caller,
  { disabled, ...account }: { userId: string; disabled: boolean },
): Promise<User> {
  const userId = parseUserId(account);
  return deps.db.transaction(async (tx) => {
    const before = await lockOperatedAccount(tx, userId);
    if (disabled) await withdrawInvitesOf(tx, userId);
    const user = await updateUser(tx, userId, { disabled });
    if (user === null) throw noAccount();
    if ((before.disabledAt !== null) === disabled) return user;
    if (disabled) await endAccess(tx, { userId, keepsCodes: true });
    const action = disabled ? 'account_disabled' : 'account_enabled';
    await recordSecurityEvent(tx, { action, userId, device: by.device, details: { by: 'operator' } });
    const type = disabled ? 'user.disabled' : 'user.enabled';
    await enqueueWebhooks(tx, deps, { type, data: { userId } });
    return user;
  });
}
