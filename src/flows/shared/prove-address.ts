import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { retireOneTimeTokens } from '../../one-time-tokens/one-time-tokens.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { proveSessions, revokeUnprovenSessions } from '../../sessions/proof.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { provePassword, suspendUnprovenPassword } from '../../users/passwords.ts';
import { type User, updateUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { Shown } from './shown.ts';

/**
 * Records that a person has proven their address, and ends what a stranger may have set up before. Anyone can sign up with an
 * address that is not theirs and wait for its owner to confirm it (pre-hijacking: Sudhodanan and Paverd, USENIX Security
 * 2022). What the person shows survives, and is proven from now on:
 *
 * - the password, and the sessions that it opened;
 * - or a session, and the password that opened it, which is as good as shown.
 *
 * All other unproven sessions end. An unproven password that was not shown is suspended: it does not sign in until the person
 * shows it beside a mailed token. A pending change of the address is dropped. The transaction has locked the account.
 *
 * @throws AuthError `invalid_credentials` (password) if the password was changed just now; `unauthenticated` if the
 * session has just ended
 */
export async function proveAddress(
  tx: Transaction,
  by: Caller,
  { user, shown }: { user: User; shown: Shown },
): Promise<User> {
  await lockSessionsOf(tx, user.id);
  await proveShown(tx, { userId: user.id, shown });
  await revokeUnprovenSessions(tx, user.id);
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
 * Notes that what was shown with a mailed token is proven.
 * @throws AuthError `invalid_credentials` (password), `unauthenticated`: see proveAddress
 */
export async function proveShown(
  tx: Transaction,
  { userId, shown }: { userId: string; shown: Shown },
): Promise<void> {
  if (shown.by === 'nothing') return;
  if (shown.by === 'password') {
    if (!(await provePassword(tx, { userId, hash: shown.hash })))
      throw new AuthError('invalid_credentials', { attribute: 'password' });
    await proveSessions(tx, { userId, openedBy: 'password' });
    return;
  }
  const [proven] = await proveSessions(tx, { userId, only: shown.sessionId });
  if (proven === undefined) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  if (proven.openedBy === 'password') await provePassword(tx, { userId, hash: null });
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
  await createDefaultTeam(tx, { userId: user.id, device: by.device });
  return verified;
}
