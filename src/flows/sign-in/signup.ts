import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { attemptMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { type OpenedSession, openSession } from '../../sessions/opening.ts';
import { insertTeam } from '../../teams/teams.ts';
import { checkNewPassword, parseEmail, parseName } from '../../users/attributes.ts';
import { createUser } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import { findClaims } from '../shared/claims.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';

export type SignupInput = TokenOptions & {
  email: string;
  password: string;
  name: string;
  /** Null: no team is made. */
  teamName: string | null;
  /** How the edge spells `teamName`, for errors. */
  teamNameAttribute?: string;
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
 * @throws AuthError `signup_disabled`; then in this order `required`, `min_length` or `max_length` (password), `invalid`
 * (email), `max_length` or `invalid` (names), `required`, `captcha_failed` (captchaToken) or `unavailable`, `rate_limited`,
 * `busy`, `already_registered`, `claims_failed`, `email_not_verified`
 */
export async function signup(deps: Deps, by: Caller, input: SignupInput): Promise<SignedIn> {
  const { ttlSeconds = deps.config.tokens.accessTtlSeconds, kind = 'access' } = input;
  if (!deps.config.signup) throw new AuthError('signup_disabled');
  const { email, name, teamName } = validate(deps, input);
  const { captchaToken = '', captchaAttribute } = input;
  const demand = { operation: 'signup', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  const admitted = await admitCaller(deps, by, demand);
  await countCaller(deps, admitted);

  const passwordHash = await deps.passwords.hash(input.password);
  // Hashing may have to wait, in which time a key may end.
  const key = await deps.signer.currentKey(ttlSeconds);
  const { user, session } = await deps.db.transaction(async (tx) => {
    const user = await createUser(tx, { email, name, passwordHash });
    await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId: user.id, by: 'signup' } });
    if (teamName !== null) await insertTeam(tx, { name: teamName, ownerId: user.id });
    // Signing up and deleting the account, again and again, must not flood a mailbox.
    const wait = await attemptMail(deps, 'verification', email, tx);
    if (wait === null) await enqueueMail(tx, { kind: 'verification', userId: user.id });
    return { user, session: await openFirstSession(tx, deps, by, user.id) };
  });
  if (session === null) throw new AuthError('email_not_verified');
  return completeSignIn(deps, { user, session, key, ttlSeconds, kind });
}

/** Null if a login needs a verified address. */
async function openFirstSession(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  userId: string,
): Promise<OpenedSession | null> {
  if (!deps.config.requireVerifiedEmail) {
    const claims = await findClaims(deps, tx, userId);
    return openSession(tx, deps, { userId, device: by.device, action: 'signup', by: 'new_password', claims });
  }
  await recordSecurityEvent(tx, { action: 'signup', userId, device: by.device });
  return null;
}

function validate(deps: Deps, input: SignupInput) {
  const { teamNameAttribute = 'teamName' } = input;
  const missing = firstMissing({
    email: input.email.trim(),
    password: input.password,
    name: input.name.trim(),
    ...(input.teamName !== null && { [teamNameAttribute]: input.teamName.trim() }),
  });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(input.password, deps.config.passwords.minLength);
  const email = parseEmail(input.email);
  const name = parseName(input.name, 'name');
  const teamName = input.teamName === null ? null : parseName(input.teamName, teamNameAttribute);
  return { email, name, teamName };
}
