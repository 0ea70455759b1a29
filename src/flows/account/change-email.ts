import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { canonicalEmail } from '../../mail/email-address.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { lockSessionsOf } from '../../sessions/ending.ts';
import { endAnonymity, findAnonymity } from '../../users/account-details.ts';
import { parseEmailAs } from '../../users/attributes.ts';
import { isEmailTaken, type User, unlessEmailTaken, updateUser } from '../../users/users.ts';
import { type AccountProof, checkAccountProof, type MailedInput } from '../shared/account-proof.ts';
import type { Caller, Viewer } from '../shared/caller.ts';
import { giveDefaultTeam } from '../shared/default-team.ts';
import type { Deps } from '../shared/deps.ts';
import { retireMailed } from '../shared/end-access.ts';
import { notifyFormerAddress } from '../shared/former-address.ts';
import {
  type Freshness,
  type FreshnessInput,
  requireFreshness,
  requireStillFresh,
} from '../shared/freshness.ts';
import { redeemMailedToken } from '../shared/mailed-tokens.ts';
import { recordAccountProof, unproveAccess } from '../shared/prove-address.ts';
import { requireStepUp } from '../shared/step-up.ts';

type ChangeEmailInput = FreshnessInput & { newEmail: string };

/**
 * Mails a link to a new address. The account gets the address once the link is confirmed. The answer is the same after the same
 * work if another account has the address; then no mail is sent. The person shows that it is them (requireFreshness), unless they are
 * anonymous: the address is what makes their account permanent.
 *
 * @throws AuthError `required` (newEmail), `invalid` (newEmail), what requireFreshness throws, `rate_limited`
 */
export async function requestEmailChange(
  deps: Deps,
  by: Viewer,
  { newEmail, ...shown }: ChangeEmailInput,
): Promise<void> {
  if (newEmail.trim() === '') throw new AuthError('required', { attribute: 'newEmail' });
  const email = parseEmailAs('newEmail', newEmail);
  const { user, sessionId } = by;
  if (email === user.email)
    throw new AuthError('invalid', { attribute: 'newEmail', message: 'This is your address already.' });
  const freshness = await requireOwner(deps, by, shown);
  await deps.rateLimiter.consume([{ limit: deps.config.limits.emailChangesPerUser, subject: user.id }]);
  await deps.db.transaction(async (tx) => {
    await requireStillFresh(tx, by, freshness);
    const retryAfterSeconds = await attemptMail(deps, 'email_change', email, tx);
    if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
    const taken = await isEmailTaken(tx, email);
    const event = { userId: user.id, sessionId, device: by.device };
    await recordSecurityEvent(tx, { action: 'email_change_requested', ...event });
    await enqueueMail(
      tx,
      taken ? { kind: 'none' } : { kind: 'email_change', userId: user.id, newEmail: email },
    );
  });
}

/** An anonymous person has nothing but their session to show. Everyone else shows that it is them. */
async function requireOwner(deps: Deps, by: Viewer, shown: FreshnessInput): Promise<Freshness> {
  if (!(await findAnonymity(deps.db, by.user))) return requireFreshness(deps, by, shown);
  requireStepUp(by);
  return { passwordHash: null, code: null };
}

/**
 * Gives the account the address that a mailed token proves, as a verified one. Every other mailed token of the account is retired,
 * and the former address gets a notice. Sessions stay: the password is the same, and the owner must not lose the account to a
 * person who changes its address. If another account got the address first, the answer is that of a dead link. The database
 * decides.
 *
 * The person may show the password, or a session of the account, beside the token. If they show neither, nothing of the
 * account is proven any more: a stranger may have made their own account ask for this address (see proveAddress).
 *
 * @throws AuthError as checkAccountProof does
 */
export async function confirmEmailChange(deps: Deps, by: Caller | Viewer, input: MailedInput): Promise<User> {
  const { token } = input;
  const accountProof = await checkAccountProof(deps, by, { ...input, purpose: 'change_email' });
  const redeem = () => deps.db.transaction((tx) => redeemEmailChange(tx, by, { token, accountProof }));
  const user = await unlessEmailTaken(redeem);
  if (user === null) throw new AuthError('invalid_token', { attribute: 'token' });
  return user;
}

async function redeemEmailChange(
  tx: Transaction,
  by: Caller,
  { token, accountProof }: { token: string; accountProof: AccountProof },
): Promise<User | null> {
  const proof = await redeemMailedToken(tx, { purpose: 'change_email', token });
  // A token from before addresses were canonical may prove another spelling.
  const email = proof === null ? null : canonicalEmail(proof.email);
  if (proof === null || email === null) return null;
  const { id: userId } = proof.user;
  const user = await updateUser(tx, userId, { email, emailVerified: 'now' });
  await lockSessionsOf(tx, userId);
  if (accountProof.by === 'nothing') await unproveAccess(tx, userId);
  else await recordAccountProof(tx, { userId, accountProof });
  await retireMailed(tx, userId);
  await endAnonymity(tx, userId);
  await recordSecurityEvent(tx, { action: 'email_changed', userId, device: by.device });
  await giveDefaultTeam(tx, by, { user: proof.user });
  await notifyFormerAddress(tx, proof.user);
  return user;
}
