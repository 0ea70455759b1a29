import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { revokeUnprovenSessions } from '../../sessions/proof.ts';
import {
  deletePassword,
  hasUnprovenPassword,
  provePassword,
  setProvenPassword,
  suspendUnprovenPassword,
} from '../../users/passwords.ts';
import type { User } from '../../users/users.ts';
import type { AccountProof } from './account-proof.ts';
import type { Caller } from './caller.ts';
import { dropPlanted } from './drop-planted.ts';
import { retireMailed } from './end-access.ts';
import { markEmailVerified, recordAccountProof, settleIdentities } from './prove-address.ts';

/** What comes with a mailed code. */
export type MailboxProof = Readonly<{
  user: User;
  /** Whether the code was asked for together with the account's password. */
  keepsPassword: boolean;
  /** What the person shows beside the code. */
  accountProof: AccountProof;
  /** The hash of a password that the person sets with the code; null if they set none. */
  newPasswordHash: string | null;
  /** Whether the person says that they did not sign up. */
  disowns: boolean;
}>;

/**
 * Records that a person has proven their address by a mailed code, before they get a session. What was set up before them may be a
 * stranger's (see proveAddress), so:
 *
 * - Every session that is not proven ends. If the address was never verified, all sessions end but those of a password that the
 *   person shows.
 * - A password stays if the code was asked for with it, or the person shows it. A password that the person sets replaces it. Any other
 *   unproven password is suspended, or deleted if the person says that they did not sign up.
 * - An account that was never verified, and whose password does not stay, loses its memberships, identities and phone number too.
 *
 * Everything else that was mailed to the person is retired. The transaction has locked the account.
 *
 * @returns the user, verified
 * @throws AuthError `invalid_credentials` (password) if the password was changed just now
 */
export async function proveMailbox(tx: Transaction, by: Caller, proof: MailboxProof): Promise<User> {
  const { user, accountProof, newPasswordHash, disowns } = proof;
  const userId = user.id;
  const keepsPassword = proof.keepsPassword && !disowns;
  const owns = (keepsPassword || accountProof.by !== 'nothing') && newPasswordHash === null;
  if (user.emailVerifiedAt === null && !owns) await dropPlanted(tx, by, userId);
  await lockSessionsOf(tx, userId);
  if (newPasswordHash !== null) await setProvenPassword(tx, { userId, hash: newPasswordHash });
  else if (accountProof.by !== 'nothing') await recordAccountProof(tx, { userId, accountProof });
  else if (keepsPassword) await provePassword(tx, { userId, hash: null });
  await revokeUnprovenSessions(tx, userId);
  await settleIdentities(tx, user, owns);
  if (disowns) await disownPassword(tx, by, userId);
  if (await suspendUnprovenPassword(tx, userId))
    await recordSecurityEvent(tx, { action: 'password_suspended', userId, device: by.device });
  await retireMailed(tx, userId);
  return markEmailVerified(tx, by, { user });
}

/** Deletes a password of which the holder of the mailbox says that it is not theirs. A proven one is. */
async function disownPassword(tx: Transaction, by: Caller, userId: string): Promise<void> {
  if (!(await hasUnprovenPassword(tx, userId))) return;
  await deletePassword(tx, userId);
  await recordSecurityEvent(tx, { action: 'signup_disowned', userId, device: by.device });
}
