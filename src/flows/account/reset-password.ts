import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { findOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { checkNewPassword } from '../../users/attributes.ts';
import { setProvenPassword } from '../../users/passwords.ts';
import type { User } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { accountCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { dropPlantedWays } from '../shared/drop-planted.ts';
import { endAccess } from '../shared/end-access.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { redeemMailedToken } from '../shared/mailed-tokens.ts';
import { markEmailVerified } from '../shared/prove-address.ts';

/**
 * Sets a new password by a mailed token: for a person who forgot theirs, or whose account has no password. Ends every session
 * and personal access token, and retires every pending token of the person. This verifies the address, to which the link was mailed.
 * If the address was never verified, other ways to sign in are dropped: a stranger may have added them.
 *
 * The new password is checked before the token is used up, so that a weak one costs no token. It is hashed before the transaction,
 * and only for a live token, so that an invented one costs no hash. Of many attempts at once one succeeds.
 *
 * @throws AuthError in this order `required` (token, then newPassword), `min_length`, `missing_characters` or `max_length`
 * (newPassword), `invalid_token`, `leaked_password` (newPassword), `unavailable`, `busy`
 */
export async function resetPassword(
  deps: Deps,
  by: Caller,
  { token, newPassword }: { token: string; newPassword: string },
): Promise<void> {
  const missing = firstMissing({ token, newPassword });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(newPassword, deps.config.passwords, 'newPassword');
  const invalid = new AuthError('invalid_token', { attribute: 'token' });
  if ((await findOneTimeToken(deps.db, { purpose: 'reset_password', token })) === null) throw invalid;
  const hash = await hashNewPassword(deps, newPassword, 'newPassword');
  const user = await deps.db.transaction((tx) => redeemReset(tx, by, { token, hash }));
  if (user === null) throw invalid;
  // Failed logins of a person who forgot the password must not keep them out.
  const { email } = user;
  if (email !== null) await deps.rateLimiter.reset(accountCounter(deps, email, email));
}

async function redeemReset(
  tx: Transaction,
  by: Caller,
  { token, hash }: { token: string; hash: string },
): Promise<User | null> {
  const proof = await redeemMailedToken(tx, { purpose: 'reset_password', token });
  if (proof === null || proof.user.email !== proof.email) return null;
  const userId = proof.user.id;
  await lockSessionsOf(tx, userId);
  if (proof.user.emailVerifiedAt === null) await dropPlantedWays(tx, by, userId);
  await setProvenPassword(tx, { userId, hash });
  const user = await markEmailVerified(tx, by, { user: proof.user });
  await endAccess(tx, { userId });
  await recordSecurityEvent(tx, { action: 'password_reset', userId, device: by.device });
  await enqueueMail(tx, { kind: 'password_changed', userId });
  return user;
}
