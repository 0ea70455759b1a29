import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { retireFlows } from '../../flow-states/flow-states.ts';
import { deleteUnprovenIdentities, proveIdentities, unproveIdentities } from '../../identities/identities.ts';
import { retireOneTimeTokens } from '../../one-time-tokens/one-time-tokens.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { proveSessions, revokeUnprovenSessions, unproveSessions } from '../../sessions/proof.ts';
import { provePassword, suspendUnprovenPassword, unprovePassword } from '../../users/passwords.ts';
import { type User, updateUser } from '../../users/users.ts';
import type { AccountProof } from './account-proof.ts';
import type { Caller } from './caller.ts';
import { giveDefaultTeam } from './default-team.ts';
import { dropPlantedWays } from './drop-planted.ts';

/**
 * Records that a person has proven their address, and ends what a stranger may have set up before. Anyone can sign up with an
 * address that is not theirs and wait for its owner to confirm it (pre-hijacking: Sudhodanan and Paverd, USENIX Security
 * 2022). What the person gives as proof survives, and is proven from now on:
 *
 * - a password, the sessions that it opened, and the personal access tokens;
 * - or a session, and the password that opened it.
 *
 * All other unproven sessions end, and unproven identities are unlinked. Any other unproven password is suspended: it does not sign
 * in until the person gives it together with a mailed token. A pending change of the address is dropped. If the address was never
 * verified and the person gives nothing, other ways to sign in are dropped too. The transaction has locked the account.
 *
 * @throws AuthError `invalid_credentials` (password) if the password was changed just now; `unauthenticated` if the
 * session has just ended
 */
export async function proveAddress(
  tx: Transaction,
  by: Caller,
  { user, accountProof }: { user: User; accountProof: AccountProof },
): Promise<User> {
  await lockSessionsOf(tx, user.id);
  await recordAccountProof(tx, { userId: user.id, accountProof });
  await revokeUnprovenSessions(tx, user.id);
  if (accountProof.by === 'nothing' && user.emailVerifiedAt === null) await dropPlantedWays(tx, by, user.id);
  await settleIdentities(tx, user, accountProof.by !== 'nothing');
  const suspended = await suspendUnprovenPassword(tx, user.id);
  if (suspended)
    await recordSecurityEvent(tx, { action: 'password_suspended', userId: user.id, device: by.device });
  await retireOneTimeTokens(tx, user.id, 'change_email');
  // A mail that waits to be tried again sees the event, and does not bring back the change that it was for.
  if (!suspended && user.emailVerifiedAt !== null) {
    const event = { userId: user.id, device: by.device, details: { again: true } };
    await recordSecurityEvent(tx, { action: 'email_verified', ...event });
  }
  return markEmailVerified(tx, by, { user });
}

/**
 * Decides about the identities of a person who has proven their address. The owner of the account, who shows its password or a session,
 * stands behind them. Otherwise those that are not proven may be a stranger's, and are unlinked.
 */
export async function settleIdentities(
  tx: Transaction,
  { id: userId, email, emailVerifiedAt }: User,
  isOwner: boolean,
): Promise<void> {
  if (isOwner) return proveIdentities(tx, userId);
  await deleteUnprovenIdentities(tx, { userId, email, first: emailVerifiedAt === null });
  // A sign-in by one of them may wait for the exchange of its code.
  await retireFlows(tx, userId);
}

/**
 * Records as proven what the person gave with a mailed token.
 * @throws AuthError `invalid_credentials` (password), `unauthenticated`: see proveAddress
 */
export async function recordAccountProof(
  tx: Transaction,
  { userId, accountProof }: { userId: string; accountProof: AccountProof },
): Promise<void> {
  if (accountProof.by === 'nothing') return;
  if (accountProof.by === 'password') {
    if (!(await provePassword(tx, { userId, hash: accountProof.hash })))
      throw new AuthError('invalid_credentials', { attribute: 'password' });
    // A personal access token was created by showing the password too.
    await proveSessions(tx, { userId, openedBy: ['password', 'access_token'] });
    return;
  }
  const [proven] = await proveSessions(tx, { userId, only: accountProof.sessionId });
  if (proven === undefined) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  if (proven.openedBy === 'password') await provePassword(tx, { userId, hash: null });
}

/** Marks everything that opens the account as not proven, since its address is another one now. The transaction has locked its sessions. */
export async function unproveAccess(tx: Transaction, userId: string): Promise<void> {
  await unprovePassword(tx, userId);
  await unproveSessions(tx, userId);
  await unproveIdentities(tx, userId);
}

/** Records that the address is verified; the first time the person gets a default team unless they own one. */
export async function markEmailVerified(
  tx: Transaction,
  by: Caller,
  { user }: { user: User },
): Promise<User> {
  if (user.emailVerifiedAt !== null) return user;
  const verified = await updateUser(tx, user.id, { emailVerified: true });
  if (verified === null) throw new Error('The locked user is gone.');
  await recordSecurityEvent(tx, { action: 'email_verified', userId: user.id, device: by.device });
  await giveDefaultTeam(tx, by, { user });
  return verified;
}
