import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { type Metadata, recordSent } from '../../users/account-details.ts';
import { parseEmail } from '../../users/attributes.ts';
import { findUserByEmail, lockUser } from '../../users/users.ts';
import { againIfRegistered } from '../shared/again-if-registered.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import { countMail, queueCode } from '../shared/code-requests.ts';
import type { Deps } from '../shared/deps.ts';
import { signUpForOwner } from '../shared/operated-signup.ts';

export type InviteAccountInput = {
  email: string;
  /** What a new user says of themselves. */
  userMetadata: Metadata;
  /** Where the link leads, in the order of precedence. A target that is not allowed is passed over. */
  redirects: readonly (string | null | undefined)[];
};

const taken = (): AuthError => new AuthError('already_registered', { attribute: 'email' });

/**
 * Creates an account for an address, also while sign-up is off, and mails a link and a code by which its owner gets in. Inviting an
 * address again, before it is proven, replaces both. What a stranger set up with the address does not survive the proof. For the
 * operator.
 *
 * @returns the id of the user
 * @throws AuthError `required`, `invalid` (email), `already_registered` (email), `account_disabled` (email), `invalid` or `max_length`
 * (user_metadata), `rate_limited`
 */
export async function inviteAccount(
  deps: Deps,
  by: Caller,
  input: InviteAccountInput,
): Promise<{ userId: string }> {
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const email = parseEmail(input.email);
  return againIfRegistered(() => invite(deps, by, { ...input, email }));
}

async function invite(
  deps: Deps,
  by: Caller,
  { email, userMetadata, redirects }: InviteAccountInput,
): Promise<{ userId: string }> {
  const found = await findUserByEmail(deps.db, email);
  return deps.db.transaction(async (tx) => {
    await countMail(tx, deps, 'invite_code', email);
    const user =
      found === null
        ? await signUpForOwner(tx, deps, by, { email, passwordHash: null, userMetadata })
        : await lockUser(tx, found.user.id);
    if (user === null || user.email === null || user.emailVerifiedAt !== null) throw taken();
    if (user.disabledAt !== null) throw new AuthError('account_disabled', { attribute: 'email' });
    const { id: userId } = user;
    const to = { userId, email: user.email };
    await queueCode(tx, deps, by, { to, purpose: 'invite', redirects, codeChallenge: null });
    await recordSent(tx, userId, 'invitedAt');
    const details = { by: administratorOf(by) };
    await recordSecurityEvent(tx, { action: 'user_invited', userId, device: by.device, details });
    return { userId };
  });
}
