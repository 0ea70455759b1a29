import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { findInvite, type InviteFacts } from '../../teams/invite-facts.ts';
import { checkNewPassword, parseName } from '../../users/attributes.ts';
import { findInvitation, type SignupInvitation } from '../../users/signup-invitations.ts';
import type { User } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { createInvitedAccount } from '../shared/invited-account.ts';

/** What the page of an invitation tells. */
export type OpenInvitation = Readonly<{
  /** The address of the account. */
  email: string;
  /** The invite to a team that the invitation came with; null if the operator made it. */
  invite: InviteFacts | null;
}>;

/**
 * Reads an invitation to sign up, without using its token up: mail scanners open links too. Null if the token was used or replaced,
 * or has expired.
 */
export async function readInvitation(
  deps: Deps,
  _by: Caller,
  { token }: { token: string },
): Promise<OpenInvitation | null> {
  const found = await findOpen(deps, token);
  if (found === null) return null;
  const { email, inviteId } = found;
  return { email, invite: inviteId === null ? null : await findInvite(deps.db, inviteId) };
}

/**
 * Creates the account of an invited person, for the page that the mailed link opens. It does not sign in. An invitation by the operator
 * also works while sign-up is off.
 *
 * @throws AuthError in this order `required` (token, name, password), `invalid`, `max_length`, `min_length` or `missing_characters`
 * (password), `max_length` or `invalid` (name), `invalid_token` (token), `leaked_password` (password), `unavailable`, `busy`,
 * `already_registered` (email)
 */
export async function acceptInvitation(
  deps: Deps,
  by: Caller,
  input: { token: string; name: string; password: string },
): Promise<User> {
  const { token, password } = input;
  const missing = firstMissing({ token, name: input.name.trim(), password });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(password, deps.config.passwords);
  const name = parseName(input.name, 'name');
  const found = await findOpen(deps, token);
  if (found === null) throw invalidToken();
  const passwordHash = await hashNewPassword(deps, password);
  const person = { token, email: found.email, name, passwordHash, teamName: null };
  return deps.db.transaction(async (tx) => {
    const user = await createInvitedAccount(tx, deps, by, person);
    if (user === null) throw invalidToken();
    await recordSecurityEvent(tx, { action: 'signup', userId: user.id, device: by.device });
    return user;
  });
}

/** Finds an invitation that is good now. Invites of members bring no accounts while sign-up is off. */
async function findOpen({ db, config }: Deps, token: string): Promise<SignupInvitation | null> {
  const found = await findInvitation(db, { token });
  return config.signup === 'off' && found !== null && found.inviteId !== null ? null : found;
}

const invalidToken = () => new AuthError('invalid_token', { attribute: 'token' });
