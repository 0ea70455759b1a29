import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { giveRoles, parseRoles } from '../shared/give-roles.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';

export type CreateAccountInput = {
  email: string;
  /** Null: no name. */
  name?: string | null;
  /** Null: no password. The person sets one by a mailed link. */
  password?: string | null;
  /** Whether the operator knows that the address belongs to the person. The password then counts as proven. */
  emailVerified?: boolean;
  /** Whether to mail a link that sets a password. */
  sendLink?: boolean;
  /** Roles of Hasura beside DEFAULT_ROLES. */
  roles?: readonly string[];
};

/**
 * Creates an account, also while sign-up is off. For the operator. With `sendLink` it mails a link that sets a password and
 * verifies the address. A verified person gets a default team, as after a verification.
 *
 * @throws AuthError `required` (email, password), `min_length`, `missing_characters`, `max_length` or `invalid` (password), `invalid` (email), `required`,
 * `max_length` or `invalid` (name), `invalid` (roles), `leaked_password` (password), `unavailable`, `busy`, `already_registered` (email), `too_many_roles` (roles), `rate_limited` if the address had a mail just now
 */
export async function createAccount(deps: Deps, by: Caller, input: CreateAccountInput): Promise<User> {
  const { email, name, password } = validate(deps, input);
  const { emailVerified: verified = false, sendLink = false } = input;
  const roles = parseRoles(deps, input.roles ?? []);
  const passwordHash = password === null ? null : await hashNewPassword(deps, password);
  return deps.db.transaction(async (tx) => {
    const user = await createUser(tx, { email, name, passwordHash, verified });
    const { id: userId } = user;
    const details = { by: administratorOf(by), password: password !== null, verified, link: sendLink };
    await recordSecurityEvent(tx, { action: 'account_created', userId, device: by.device, details });
    await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: 'operator' } });
    await giveRoles(tx, deps, by, { holder: { userId, teamId: null }, roles, former: [] });
    if (verified) await createDefaultTeam(tx, { userId, device: by.device });
    if (!sendLink) return user;
    const retryAfterSeconds = await attemptMail(deps, 'account_created', email, tx);
    if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
    await enqueueMail(tx, { kind: 'account_created', userId });
    return user;
  });
}

function validate(deps: Deps, input: CreateAccountInput) {
  const { name = null, password = null } = input;
  if (input.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  if (password === '') throw new AuthError('required', { attribute: 'password' });
  if (password !== null) checkNewPassword(password, deps.config.passwords);
  const email = parseEmail(input.email);
  return { email, password, name: name === null ? null : parseName(name, 'name') };
}
