import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { parseEmail } from '../../users/attributes.ts';
import { replaceInvitation } from '../../users/signup-invitations.ts';
import { isEmailTaken } from '../../users/users.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/** An address that may sign up, and until when. */
export type InvitedUser = Readonly<{ email: string; expiresAt: Date }>;

/**
 * Mails a link by which the owner of an address creates an account, also while sign-up is off. The link works once, for INVITE_TTL.
 * Inviting the address again replaces the link. For the operator.
 *
 * @throws AuthError `required` or `invalid` (email), `already_registered` (email), `rate_limited` if the address had this mail just
 * now
 */
export async function inviteUser(deps: Deps, by: Caller, input: { email: string }): Promise<InvitedUser> {
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const email = parseEmail(input.email);
  return deps.db.transaction(async (tx) => {
    if (await isEmailTaken(tx, email)) throw new AuthError('already_registered', { attribute: 'email' });
    const retryAfterSeconds = await attemptMail(deps, 'signup_invitation', email, tx);
    if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
    const ttlSeconds = deps.config.inviteTtlSeconds;
    const { id: invitationId, expiresAt } = await replaceInvitation(tx, { email, ttlSeconds });
    const details = { by: administratorOf(by), invitationId };
    await recordSecurityEvent(tx, { action: 'user_invited', device: by.device, details });
    await enqueueMail(tx, { kind: 'signup_invitation', invitationId });
    return { email, expiresAt };
  });
}
