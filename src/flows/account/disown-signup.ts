import { recordSecurityEvent } from '../../audit/security-events.ts';
import { createSecret } from '../../crypto/secrets.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { storeOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { revokeUnprovenSessions } from '../../sessions/proof.ts';
import { deletePassword } from '../../users/passwords.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { type Dropped, dropPlanted } from '../shared/drop-planted.ts';
import { retireMailed } from '../shared/end-access.ts';
import { redeemMailedToken } from '../shared/mailed-tokens.ts';
import { markEmailVerified } from '../shared/prove-address.ts';

/**
 * Gives an account to the holder of its mailbox, if a stranger signed up with their address. The holder shows the token of the
 * verification mail. Deletes the password, ends the unproven sessions, and verifies the address. If the account was never verified,
 * every session and every membership ends. Teams without another member are deleted; a team that would lose its only owner keeps
 * the person.
 *
 * @returns a token that sets a password, as a mailed reset does
 * @throws AuthError `required`, `invalid_token`
 */
export async function disownSignup(deps: Deps, by: Caller, { token }: { token: string }): Promise<string> {
  if (token === '') throw new AuthError('required', { attribute: 'token' });
  const reset = createSecret('pot');
  await deps.db.transaction((tx) => disown(tx, by, { token, reset }));
  return reset;
}

const invalidToken = () => new AuthError('invalid_token', { attribute: 'token' });

async function disown(
  tx: Transaction,
  by: Caller,
  { token, reset }: { token: string; reset: string },
): Promise<void> {
  const proof = await redeemMailedToken(tx, { purpose: 'verify_email', token });
  if (proof === null || proof.user.email !== proof.email) throw invalidToken();
  const userId = proof.user.id;
  const isVerified = proof.user.emailVerifiedAt !== null;
  const ended = isVerified ? await endUnproven(tx, userId) : await dropPlanted(tx, by, userId);
  await deletePassword(tx, userId);
  await retireMailed(tx, userId);
  await recordSecurityEvent(tx, { action: 'signup_disowned', userId, device: by.device, details: ended });
  await markEmailVerified(tx, by, { user: proof.user });
  await storeOneTimeToken(tx, { userId, email: proof.email, purpose: 'reset_password', token: reset });
}

/** Ends the sessions of a verified account that a stranger may have opened. The account is locked. */
async function endUnproven(tx: Transaction, userId: string): Promise<Dropped> {
  await lockSessionsOf(tx, userId);
  return { teams: 0, sessions: await revokeUnprovenSessions(tx, userId), identities: 0 };
}
