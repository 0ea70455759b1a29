import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { isAdminRole } from '../../service-tokens/admin-roles.ts';
import {
  findAccountDetails,
  type Metadata,
  mergeMetadata,
  setAccountDetails,
} from '../../users/account-details.ts';
import { parseMetadata } from '../../users/metadata.ts';
import type { Deps } from './deps.ts';

/** What an administrator says of a user, beside the account itself. What is missing stays as it is. */
export type ProfileChanges = {
  /** What clients may also change. A key with null is removed. */
  userMetadata?: Metadata | undefined;
  /** What only an administrator changes. A key with null is removed. */
  appMetadata?: Metadata | undefined;
  /** The claim `role` of the user's tokens at the GoTrue dialect. Hasura does not read it. */
  tokenRole?: string | undefined;
};

/** The maximum number of characters of a role. */
const MAX_ROLE_LENGTH = 255;

/**
 * Checks a role for the tokens of a user. A user never manages accounts.
 * @throws AuthError `invalid` or `max_length` (role)
 */
export function checkTokenRole(deps: Pick<Deps, 'config'>, role: string | undefined): void {
  if (role === undefined) return;
  const attribute = 'role';
  if (role === '' || !role.isWellFormed() || role.includes('\u0000'))
    throw new AuthError('invalid', { attribute });
  if ([...role].length > MAX_ROLE_LENGTH)
    throw new AuthError('max_length', {
      attribute,
      message: `Must be at most ${MAX_ROLE_LENGTH} characters long.`,
    });
  if (isAdminRole(deps, role))
    throw new AuthError('invalid', {
      attribute,
      message: 'A user cannot have a role of GOTRUE_ADMIN_ROLES.',
    });
}

/**
 * Stores what an administrator says of a user. Metadata is merged. The transaction has locked the account, or has just made it.
 * @returns whether there was something to store
 * @throws AuthError `max_length`, `invalid` (user_metadata, app_metadata)
 */
export async function changeProfile(
  tx: Transaction,
  userId: string,
  { userMetadata, appMetadata, tokenRole }: ProfileChanges,
): Promise<boolean> {
  if (userMetadata === undefined && appMetadata === undefined && tokenRole === undefined) return false;
  const former = await findAccountDetails(tx, userId);
  await setAccountDetails(tx, userId, {
    ...(userMetadata !== undefined && {
      userMetadata: merged(former.userMetadata, userMetadata, 'user_metadata'),
    }),
    ...(appMetadata !== undefined && {
      appMetadata: merged(former.appMetadata, appMetadata, 'app_metadata'),
    }),
    ...(tokenRole !== undefined && { role: tokenRole }),
  });
  return true;
}

function merged(former: Metadata, changes: Metadata, attribute: string): Metadata {
  // Before the merge too: a deep value must not be copied.
  return parseMetadata(mergeMetadata(former, parseMetadata(changes, attribute)), attribute);
}
