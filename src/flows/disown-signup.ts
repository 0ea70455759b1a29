import { recordSecurityEvent } from '../audit/security-events.ts';
import { createSecret } from '../crypto/secrets.ts';
import type { Transaction } from '../db/client.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { RESET_TOKEN_SECONDS } from '../one-time-tokens/config.ts';
import { retireOneTimeTokens, storeOneTimeToken } from '../one-time-tokens/one-time-tokens.ts';
import { lockSessionsOf } from '../sessions/ending.ts';
import { revokeSessions } from '../sessions/sessions.ts';
import { leaveTeams, prepareDeparture } from '../teams/departure.ts';
import { deletePassword } from '../users/password-proof.ts';
import { redeemMailedToken } from './mailed-tokens.ts';
import { markEmailVerified } from './prove-address.ts';
import type { Caller } from './sign-in.ts';

/**
 * For the holder of a mailbox with whose address a stranger signed up, by the token of the verification mail: removes the
 * password, and leaves the account to them. Of an account that was never verified it also ends every session and every
 * membership. Teams of which nobody else is a member go too; a team that would lose its only owner keeps the person.
 *
 * @returns a token that sets a password, as a mailed reset does
 * @throws AuthError `required`, `invalid_token`
 */
export async function disownSignup(
  deps: Deps,
  caller: Caller,
  { token }: { token: string },
): Promise<string> {
  if (token === '') throw new AuthError('required', { attribute: 'token' });
  const reset = createSecret('pot');
  await deps.db.transaction((tx) => disown(tx, caller, { token, reset }));
  return reset;
}

const invalidToken = () => new AuthError('invalid_token', { attribute: 'token' });

async function disown(
  tx: Transaction,
  caller: Caller,
  { token, reset }: { token: string; reset: string },
): Promise<void> {
  const proof = await redeemMailedToken(tx, { purpose: 'verify_email', token });
  if (proof === null || proof.user.email !== proof.email) throw invalidToken();
  const userId = proof.user.id;
  const ended =
    proof.user.emailVerifiedAt === null ? await removeAccess(tx, userId) : { teams: 0, sessions: 0 };
  await deletePassword(tx, userId);
  await retireOneTimeTokens(tx, userId);
  await recordSecurityEvent(tx, { action: 'signup_disowned', userId, origin: caller, details: ended });
  await markEmailVerified(tx, caller, proof.user);
  const subject = {
    userId,
    email: proof.email,
    purpose: 'reset_password',
    ttlSeconds: RESET_TOKEN_SECONDS,
  } as const;
  await storeOneTimeToken(tx, { ...subject, token: reset });
}

/** Ends every session and membership of the account, which is locked. */
async function removeAccess(tx: Transaction, userId: string): Promise<{ teams: number; sessions: number }> {
  const departure = await prepareDeparture(tx, userId);
  await lockSessionsOf(tx, userId);
  await leaveTeams(tx, { userId, ...departure });
  const ended = await revokeSessions(tx, { userId, which: 'all' });
  return { teams: departure.alone.length, sessions: ended.length };
}
