import type { User } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { setDisabled } from '../shared/disabling.ts';
import { lockOperatedAccount, parseUserId } from '../shared/operated-account.ts';

/**
 * Disables an account: sign-ins are refused, its sessions end at once, its mailed tokens are retired, and the invites that it
 * made are withdrawn. What it owns stays. A ban becomes a disabling without an end. For the operator; idempotent.
 * @throws AuthError `invalid`, `not_found` (userId)
 */
export const disableAccount = (deps: Deps, by: Caller, input: { userId: string }): Promise<User> =>
  change(deps, by, { ...input, disabled: true });

/**
 * Enables a disabled account, or lifts a ban. The person has to sign in again. For the operator; idempotent.
 * @throws AuthError `invalid`, `not_found` (userId)
 */
export const enableAccount = (deps: Deps, by: Caller, input: { userId: string }): Promise<User> =>
  change(deps, by, { ...input, disabled: false });

async function change(
  deps: Deps,
  by: Caller,
  { disabled, ...account }: { userId: string; disabled: boolean },
): Promise<User> {
  const userId = parseUserId(account);
  return deps.db.transaction(async (tx) =>
    setDisabled(tx, deps, by, { user: await lockOperatedAccount(tx, userId), disabled }),
  );
}
