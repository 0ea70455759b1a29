import { keepingAnOwner } from '../../teams/access.ts';
import { readPseudonym } from '../../users/soft-deletion.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { lockOperatedAccount, noAccount, parseUserId } from '../shared/operated-account.ts';
import { emptyAccount, removeAccount } from '../shared/remove-account.ts';

/**
 * Deletes an account with everything that is only its own, as deleteAccount does for the person. For the operator.
 * @returns the id of the deleted account
 * @throws AuthError `invalid` or `not_found` (userId), `refused_by_application`; `sole_owner`, naming the teams, if the account is
 * the only owner of a team with other members
 */
export async function deleteUserAccount(
  deps: Deps,
  by: Caller,
  input: { userId: string },
): Promise<{ userId: string }> {
  const userId = parseUserId(input);
  const actor = { administrator: administratorOf(by), device: by.device };
  const remove = () =>
    deps.db.transaction(async (tx) => {
      await lockOperatedAccount(tx, userId);
      if (!(await removeAccount(tx, deps, { userId, actor }))) throw noAccount();
    });
  await keepingAnOwner(remove);
  return { userId };
}

/**
 * Deletes what an account knows of its user, and keeps its row, so that rows of the application can go on referencing it. The account
 * is disabled for ever. Its address and number are free for another account. For the operator; idempotent.
 * @throws AuthError `invalid` or `not_found` (userId), `refused_by_application`; `sole_owner`, naming the teams
 */
export async function softDeleteUserAccount(
  deps: Deps,
  by: Caller,
  input: { userId: string },
): Promise<void> {
  const userId = parseUserId(input);
  const empty = () =>
    deps.db.transaction(async (tx) => {
      const user = await lockOperatedAccount(tx, userId);
      if (readPseudonym(user.email) === null) await emptyAccount(tx, deps, { user, by });
    });
  await keepingAnOwner(empty);
}
