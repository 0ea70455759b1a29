import type { Transaction } from '../../db/client.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { lockUser, type User } from '../../users/users.ts';

/** Returns the error for an account that the operator names and that does not exist. */
export const noAccount = (): AuthError =>
  new AuthError('not_found', { attribute: 'userId', message: 'This account does not exist.' });

/** Parses the id of an account. @throws AuthError `invalid` (userId) */
export const parseUserId = ({ userId }: { userId: string }): string => parseId(userId, 'userId');

/** Locks an account that the operator changes. @throws AuthError `not_found` (userId) */
export async function lockOperatedAccount(tx: Transaction, userId: string): Promise<User> {
  const user = await lockUser(tx, userId);
  if (user === null) throw noAccount();
  return user;
}
