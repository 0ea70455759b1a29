import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { mailedToken } from '../../sessions/opening.ts';
import type { User } from '../../users/users.ts';
import { type AccountProof, checkAccountProof, type MailedInput } from '../shared/account-proof.ts';
import type { Caller, Viewer } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { redeemMailedToken } from '../shared/mailed-tokens.ts';
import { openSessionFor } from '../shared/open-session.ts';
import { proveAddress } from '../shared/prove-address.ts';

const PURPOSE = 'verify_email';

const invalidToken = () => new AuthError('invalid_token', { attribute: 'token' });

/**
 * Verifies the address that a mailed token proves. Makes a default team with a default project, unless the person owns a team. The
 * person shows the password beside the token; what else a stranger may have set up ends (proveAddress). This is for the page that
 * the mailed link opens: it does not sign in.
 *
 * @throws AuthError in this order `required` (token), `invalid_token`, `required` (password) for an account that has one,
 * `rate_limited`, `busy`, `invalid_credentials` (password). The token stays good with all but `invalid_token`.
 */
export async function verifyEmail(
  deps: Deps,
  by: Caller,
  input: { token: string; password: string },
): Promise<User> {
  const accountProof = await checkAccountProof(deps, by, { ...input, purpose: PURPOSE, proof: 'required' });
  const user = await deps.db.transaction((tx) =>
    redeemVerification(tx, by, { token: input.token, accountProof }),
  );
  if (user === null) throw invalidToken();
  return user;
}

/**
 * Verifies the address and signs in; for programs. The token proves the mailbox, whose holder could also reset the password, so the
 * session gives them nothing new. Of many attempts at once one succeeds. The default team is the active one of the session.
 *
 * The person shows the password, or a session of the account. If `proof` is optional and they show neither, all earlier sessions
 * end and the password is suspended.
 *
 * @throws AuthError as verifyEmail does, and `no_signing_key`, `claims_failed`. The token stays good with both.
 */
export async function verifyEmailAndSignIn(
  deps: Deps,
  by: Caller | Viewer,
  input: MailedInput & TokenOptions,
): Promise<SignedIn> {
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form } = input;
  const accountProof = await checkAccountProof(deps, by, { ...input, purpose: PURPOSE });
  // Before the token is used up: without a key to sign with, it must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const verified = await deps.db.transaction(async (tx) => {
    const user = await redeemVerification(tx, by, { token: input.token, accountProof });
    if (user === null) return null;
    // The notice would go to the mailbox that the token came from.
    return openSessionFor(tx, deps, by, { user, action: 'login', by: mailedToken, knownDevice: true });
  });
  if (verified === null) throw invalidToken();
  return completeSignIn(deps, { ...verified, key, ttlSeconds, kind, form });
}

async function redeemVerification(
  tx: Transaction,
  by: Caller,
  { token, accountProof }: { token: string; accountProof: AccountProof },
): Promise<User | null> {
  const proof = await redeemMailedToken(tx, { purpose: PURPOSE, token });
  // It proves the address that it was sent to, not a later one.
  if (proof === null || proof.user.email !== proof.email) return null;
  return proveAddress(tx, by, { user: proof.user, accountProof });
}
