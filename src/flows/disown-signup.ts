import { recordSecurityEvent } from '../audit/security-events.ts';
import { createSecret } from '../crypto/secrets.ts';
import type { Transaction } from '../db/client.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { RESET_TOKEN_SECONDS } from '../one-time-tokens/config.ts';
import {
  findOneTimeToken,
  retireOneTimeTokens,
  storeOneTimeToken,
} from '../one-time-tokens/one-time-tokens.ts';
import { revokeSessions } from '../sessions/sessions.ts';
import { leaveTeamsOf } from '../teams/departure.ts';
import { deletePassword } from '../users/password-proof.ts';
import { findUser, type User } from '../users/users.ts';
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
  const found = await findOneTimeToken(deps.db, { purpose: 'verify_email', token });
  const user = found && (await findUser(deps.db, found.userId));
  if (!user) throw invalidToken();
  const reset = createSecret('pot');
  await deps.db.transaction((tx) => disown(tx, caller, { user, token, reset }));
  return reset;
}

const invalidToken = () => new AuthError('invalid_token', { attribute: 'token' });

async function disown(
  tx: Transaction,
  caller: Caller,
  { user, token, reset }: { user: User; token: string; reset: string },
): Promise<void> {
  const unverified = user.emailVerifiedAt === null;
  // Teams are locked before the user. A verification that came first has used the token up.
  const teams = unverified ? (await leaveTeamsOf(tx, user.id)).left : 0;
  const proof = await redeemMailedToken(tx, { purpose: 'verify_email', token });
  if (proof === null || proof.user.email !== proof.email) throw invalidToken();
  const userId = proof.user.id;
  await deletePassword(tx, userId);
  const ended = unverified ? await revokeSessions(tx, { userId, which: 'all' }) : [];
  await retireOneTimeTokens(tx, userId);
  const details = { sessions: ended.length, teams };
  await recordSecurityEvent(tx, { action: 'signup_disowned', userId, origin: caller, details });
  await markEmailVerified(tx, caller, proof.user);
  const subject = {
    userId,
    email: proof.email,
    purpose: 'reset_password',
    ttlSeconds: RESET_TOKEN_SECONDS,
  } as const;
  await storeOneTimeToken(tx, { ...subject, token: reset });
}
