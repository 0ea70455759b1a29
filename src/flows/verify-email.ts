import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Transaction } from '../db/client.ts';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { openSession } from '../sessions/sessions.ts';
import { createDefaultTeam } from '../teams/teams.ts';
import { updateUser } from '../users/accounts.ts';
import type { User } from '../users/users.ts';
import { redeemMailedToken } from './mailed-tokens.ts';
import { type Caller, completeSignIn, type SignedIn } from './sign-in.ts';

/**
 * Verifies the address that a mailed token proves, and makes a default team with a default project unless the person owns
 * a team already. Nobody is signed in: this is for the page that the mailed link opens.
 *
 * The password stays, whoever chose it. Somebody may have signed up with an address that is not theirs, hoping that its
 * owner confirms it and uses the account (pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022). The page therefore
 * names the address, asks whether one has signed up oneself, and leads to no signed-in account; whoever has not signed up
 * knows no password, and the way to one, the reset, throws everybody else out.
 *
 * @throws AuthError `required`, `invalid_token`
 */
export async function verifyEmail(deps: Deps, caller: Caller, input: { token: string }): Promise<User> {
  if (input.token === '') throw new AuthError('required', { attribute: 'token' });
  const user = await deps.db.transaction((tx) => redeemVerification(tx, caller, input.token));
  if (user === null) throw new AuthError('invalid_token', { attribute: 'token' });
  return user;
}

/**
 * The same for programs, which get a session besides: the token proves the mailbox, which could also reset the password,
 * so it gives its holder nothing new. Of many attempts at once one succeeds. The session has the default team as its active one.
 *
 * A client should do this only with a link that was opened where the person signed up: see verifyEmail for why.
 *
 * @throws AuthError `required`, `invalid_token`, `no_signing_key`
 */
export async function verifyEmailAndSignIn(
  deps: Deps,
  caller: Caller,
  input: { token: string },
  ttlSeconds = deps.tokens.accessTtlSeconds,
): Promise<SignedIn> {
  if (input.token === '') throw new AuthError('required', { attribute: 'token' });
  // Before the token is used up: without a key to sign with, it must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const verified = await deps.db.transaction(async (tx) => {
    const user = await redeemVerification(tx, caller, input.token);
    if (user === null) return null;
    const opened = { userId: user.id, device: caller, action: 'login', passwordHash: null } as const;
    return { user, session: await openSession(tx, deps.sessions, opened) };
  });
  if (verified === null) throw new AuthError('invalid_token', { attribute: 'token' });
  return completeSignIn(deps, { ...verified, key, ttlSeconds });
}

async function redeemVerification(tx: Transaction, caller: Caller, token: string): Promise<User | null> {
  const proof = await redeemMailedToken(tx, { purpose: 'verify_email', token });
  // It proves the address it was sent to, and none that came after.
  if (proof === null || proof.user.email !== proof.email) return null;
  return markEmailVerified(tx, caller, proof.user);
}

/** Records that the person has proved their address; the first time they get a default team unless they own one. */
export async function markEmailVerified(tx: Transaction, caller: Caller, user: User): Promise<User> {
  if (user.emailVerifiedAt !== null) return user;
  const verified = await updateUser(tx, user.id, { emailVerified: true });
  if (verified === null) throw new Error('The locked user is gone.');
  await recordSecurityEvent(tx, { action: 'email_verified', userId: user.id, origin: caller });
  await createDefaultTeam(tx, { userId: user.id, origin: caller });
  return verified;
}
