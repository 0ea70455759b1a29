import { AuthError } from '../../errors.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { lockOperatedAccount, parseUserId } from '../shared/operated-account.ts';
import { removeFactors } from '../shared/remove-factors.ts';

type RemoveSecondFactorsInput = {
  userId: string;
  /** The id of the one authenticator app to remove; all unless given. */
  factorId?: string;
};

/**
 * Removes the second factors of a user, who lost them. Without one, a sign-in needs one factor again. For the operator; without
 * `factorId` idempotent.
 * @returns how many authenticator apps were removed
 * @throws AuthError `invalid` or `not_found` (userId), `not_found` (factorId)
 */
export function removeSecondFactors(
  deps: Deps,
  by: Caller,
  { factorId, ...account }: RemoveSecondFactorsInput,
): Promise<number> {
  const userId = parseUserId(account);
  return deps.db.transaction(async (tx) => {
    await lockOperatedAccount(tx, userId);
    const removed = await removeFactors(tx, deps, by, {
      userId,
      factorId: factorId ?? null,
      sessionId: null,
    });
    if (removed === 0 && factorId !== undefined)
      throw new AuthError('not_found', { attribute: 'factorId', message: 'This factor does not exist.' });
    return removed;
  });
}
