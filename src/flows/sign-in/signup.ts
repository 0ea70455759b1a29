import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { mailedToken, newPassword } from '../../sessions/opening.ts';
import { insertTeam } from '../../teams/teams.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { findInvitation } from '../../users/signup-invitations.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { createInvitedAccount } from '../shared/invited-account.ts';
import { type OpenedFor, openSessionFor } from '../shared/open-session.ts';
import { notingRefusal } from '../shared/refused-mail.ts';

export type SignupInput = TokenOptions & {
  email: string;
  password: string;
  name: string;
  /** Null: no team is made. */
  teamName: string | null;
  /** How the edge spells `teamName`, for errors. */
  teamNameAttribute?: string;
  /** The token of an invitation. Empty if the person has none. */
  invitationToken?: string;
  /** How the edge spells `invitationToken`, for errors. */
  invitationTokenAttribute?: string;
  /** Where sign-up takes a captcha. */
  captchaToken?: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * Registers a person: the user, their password, their team (they are its OWNER), their first session and the mail that
 * confirms their address, all in one transaction. The database decides who gets a contested address.
 *
 * Where a login needs a verified address, signup does not sign in: it makes the account, queues the mail, and throws
 * `email_not_verified`.
 *
 * A person may show the token of an invitation to this address, and must do so with SIGNUP=invited. It proves the address, and is used
 * up. Without a right token an address with an account gets the same answer as any other, after the same work.
 *
 * @throws AuthError `signup_disabled`; then in this order `required` (invitationToken last), `min_length`, `missing_characters` or
 * `max_length` (password), `invalid` (email), `max_length` or `invalid` (names), `required`, `captcha_failed` (captchaToken) or
 * `unavailable`, `rate_limited`, `invalid_token` (invitationToken), `leaked_password` (password), `unavailable`, `busy`,
 * `already_registered`, `claims_failed`, `email_not_verified`
 */
export async function signup(deps: Deps, by: Caller, input: SignupInput): Promise<SignedIn> {
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form } = input;
  if (deps.config.signup === 'off') throw new AuthError('signup_disabled');
  const { email, name, teamName } = validate(deps, input);
  const { captchaToken = '', captchaAttribute } = input;
  const demand = { operation: 'signup', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  const admitted = await admitCaller(deps, by, demand);
  await countCaller(deps, admitted);
  const invitation = await requireInvitation(deps, input, email);

  const passwordHash = await hashNewPassword(deps, input.password);
  // Hashing may have to wait, in which time a key may end.
  const key = await deps.signer.currentKey(ttlSeconds);
  const person = { email, name, teamName, passwordHash };
  const enrolling = () =>
    deps.db.transaction(async (tx) => {
      const user = await enrol(tx, deps, by, { person, invitation });
      return openFirstSession(tx, deps, by, user);
    });
  const opened = await notingRefusal(deps, { email, password: input.password }, enrolling);
  if (opened === null) throw new AuthError('email_not_verified');
  return completeSignIn(deps, { ...opened, key, ttlSeconds, kind, form });
}

/** An invitation that was found good, and the error if it is not any more. */
type ShownInvitation = { token: string; refusal: AuthError };

/** Finds the invitation that the person shows; null if they show none. @throws AuthError `invalid_token` */
async function requireInvitation(
  { db }: Deps,
  { invitationToken: token = '', invitationTokenAttribute: attribute = 'invitationToken' }: SignupInput,
  email: string,
): Promise<ShownInvitation | null> {
  if (token === '') return null;
  const message =
    'This invitation is not valid: it was used or replaced, has expired, or is for another address.';
  const refusal = new AuthError('invalid_token', { attribute, message });
  if ((await findInvitation(db, { token }))?.email !== email) throw refusal;
  return { token, refusal };
}

type Person = { email: string; name: string; teamName: string | null; passwordHash: string };

async function enrol(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { person, invitation }: { person: Person; invitation: ShownInvitation | null },
): Promise<User> {
  if (invitation === null) return register(tx, deps, person);
  const user = await createInvitedAccount(tx, deps, by, { ...person, token: invitation.token });
  if (user === null) throw invitation.refusal;
  return user;
}

/** Creates the account of a person who has not proven the address, and mails the link for that. */
async function register(tx: Transaction, deps: Deps, { teamName, ...person }: Person): Promise<User> {
  const user = await createUser(tx, person);
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId: user.id, by: 'signup' } });
  if (teamName !== null) await insertTeam(tx, { name: teamName, ownerId: user.id });
  // Signing up and deleting the account, again and again, must not flood a mailbox.
  const wait = await attemptMail(deps, 'verification', person.email, tx);
  if (wait === null) await enqueueMail(tx, { kind: 'verification', userId: user.id });
  return user;
}

/** Null if a login needs a verified address. */
async function openFirstSession(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  user: User,
): Promise<OpenedFor | null> {
  const isVerified = user.emailVerifiedAt !== null;
  if (isVerified || !deps.config.requireVerifiedEmail) {
    const opener = isVerified ? mailedToken : newPassword;
    return openSessionFor(tx, deps, by, { user, action: 'signup', by: opener });
  }
  await recordSecurityEvent(tx, { action: 'signup', userId: user.id, device: by.device });
  return null;
}

function validate(deps: Deps, input: SignupInput) {
  const { teamNameAttribute = 'teamName', invitationTokenAttribute = 'invitationToken' } = input;
  const needsInvitation = deps.config.signup === 'invited';
  const missing = firstMissing({
    email: input.email.trim(),
    password: input.password,
    name: input.name.trim(),
    ...(input.teamName !== null && { [teamNameAttribute]: input.teamName.trim() }),
    ...(needsInvitation && { [invitationTokenAttribute]: input.invitationToken ?? '' }),
  });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(input.password, deps.config.passwords);
  const email = parseEmail(input.email);
  const name = parseName(input.name, 'name');
  const teamName = input.teamName === null ? null : parseName(input.teamName, teamNameAttribute);
  return { email, name, teamName };
}
