import { keepingAnOwner } from '../../teams/access.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { lockOperatedAccount, noAccount, parseUserId } from '../shared/operated-account.ts';
import { removeAccount } from '../shared/remove-account.ts';

/**
 * Deletes an account with everything that is only its own, as deleteAccount does for the person. For the operator.
 * @returns the id of the deleted account
 * @throws AuthError `invalid` or `not_found` (userId), `refused_by_application`; `sole_owner`, naming the teams, if the account is the only owner of a team
 * with other members
 */
export async function deleteUserAccount(
  deps: Deps,
  by: Caller,
  input: { userId: string },
): Promise<{ userId: string }> {
  const userId = parseUserId(input);
  const actor = { is: 'operator', device: by.device } as const;
  const remove = () =>
    deps.db.transaction(async (tx) => {
      await lockOperatedAccount(tx, userId);
      if (!(await removeAccount(tx, deps, { userId, actor }))) throw noAccount();
    });
  await keepingAnOwner(remove);
  return { userId };
}
