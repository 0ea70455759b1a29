import { createHash } from 'node:crypto';
import type { SignInFacts } from '../../audit/device.ts';
import type { Config } from '../../config/config.ts';
import type { SecretDeriver } from '../../crypto/derived-secrets.ts';
import type { Database } from '../../db/client.ts';
import { INVITATION_PATH, purposes, type TokenPurpose } from '../../db/token-purposes.ts';
import { canonicalEmail } from '../../mail/email-address.ts';
import type { MailJob, MailKind, MailValues } from '../../mail/kinds.ts';
import type { Mail } from '../../mail/message.ts';
import { deviceWords, plainWords } from '../../mail/plain-words.ts';
import type { IdleJob } from '../../mail/queue.ts';
import type { MailTemplates } from '../../mail/templates.ts';
import type { CodeMaker } from '../../one-time-codes/code-maker.ts';
import { storeOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { findSignIn } from '../../sessions/sign-in-facts.ts';
import { findInvite, type InviteFacts } from '../../teams/invite-facts.ts';
import { findRecipient, lockRecipient, type Recipient } from '../../users/mail-recipient.ts';
import { findSignUp } from '../../users/sign-up-facts.ts';
import { storeInvitationToken, storeTokenOfInvite } from '../../users/signup-invitations.ts';
import { prepareCode } from './prepare-code.ts';

/** The job of a mail: its number, and when it was queued. */
export type QueuedJob = { id: string; queuedAt: Date };

export type PrepareDeps = Readonly<{
  db: Database;
  templates: MailTemplates;
  tokenDeriver: SecretDeriver;
  codes: CodeMaker;
  /** Every link begins with `publicUrl`. Headers of a request do not change it. */
  config: Pick<Config, 'publicUrl' | 'dialects' | 'codes' | 'signup'>;
}>;

/** Makes the message id from the job alone, so that every attempt has the same. It is a hash, so it does not count the mails. */
function messageIdOf({ id, queuedAt }: QueuedJob, publicUrl: string): string {
  const opaque = createHash('sha256').update(`mail ${id} ${queuedAt.toISOString()}`).digest('hex');
  return `<${opaque.slice(0, 32)}@${new URL(publicUrl).hostname}>`;
}

type Prepare<Kind extends MailKind> = (
  deps: PrepareDeps,
  job: MailJob<Kind>,
  queued: QueuedJob,
) => Promise<{ to: string; values: Omit<MailValues<Kind>, 'site'> } | null>;

const minutesOf = (moment: Date): string => `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const minutes = (purpose: TokenPurpose): string => String(purposes[purpose].ttlSeconds / 60);
const hours = (purpose: TokenPurpose): string => String(purposes[purpose].ttlSeconds / 3600);

/**
 * Stores the token of a mail, and returns the mail's address and link. The token is derived from the job, so that every
 * attempt makes the same one. The account stays locked until the token is stored, so that a change which retires tokens
 * retires this one too.
 *
 * @param choose returns the address to prove; null if the mail is not needed any more
 * @returns null if the mail is not needed any more, or if a later request has made a newer token
 */
async function linkTo(
  deps: PrepareDeps,
  link: { purpose: TokenPurpose; userId: string; queued: QueuedJob; ttlSeconds?: number },
  choose: (person: Recipient) => string | null,
): Promise<{ to: string; link: string } | null> {
  const { purpose, userId, queued, ...lifetime } = link;
  const { id, queuedAt } = queued;
  return deps.db.transaction(async (tx) => {
    const person = await lockRecipient(tx, userId, queuedAt);
    const email = person === null || person.disabled ? null : choose(person);
    if (email === null) return null;
    // In a restored or new database the ids begin again. With the time, an old token does not come back.
    const origin = [purpose, userId, email, id, queuedAt.toISOString()];
    const token = deps.tokenDeriver.derive(JSON.stringify(origin));
    const origins = { userId, email, purpose, token, requestedAt: queuedAt, ...lifetime };
    const stored = await storeOneTimeToken(tx, origins);
    return stored
      ? { to: email, link: `${deps.config.publicUrl}/mail/${purposes[purpose].page}/${token}` }
      : null;
  });
}

/** Returns the words for a device and its address; for an unknown one, the words that say so. */
function whereFrom({ templates: { words } }: PrepareDeps, facts: SignInFacts) {
  const { device, address, time } = facts;
  return { device: deviceWords(device) ?? words.device, address: address ?? words.address, time };
}

const verification: Prepare<'verification'> = async (deps, { userId }, queued) => {
  const purpose = 'verify_email';
  const linked = await linkTo(deps, { purpose, userId, queued }, ({ email, verified, unproven }) =>
    verified && !unproven ? null : email,
  );
  const signUp = linked && (await findSignUp(deps.db, userId));
  if (!signUp) return null;
  return {
    to: linked.to,
    values: { link: linked.link, hours: hours(purpose), ...whereFrom(deps, signUp) },
  };
};

const passwordReset: Prepare<'password_reset'> = async (deps, { userId }, queued) => {
  const purpose = 'reset_password';
  const linked = await linkTo(deps, { purpose, userId, queued }, ({ email, passwordChanged, unproven }) =>
    // A stranger may have set a password that is not proven: the owner can still reset it.
    passwordChanged && !unproven ? null : email,
  );
  return linked && { to: linked.to, values: { link: linked.link, minutes: minutes(purpose) } };
};

/** Seconds for which the link of a new account works: its user did not ask for it, and may read it days later. */
const NEW_ACCOUNT_SECONDS = 7 * 86_400;

const accountCreated: Prepare<'account_created'> = async (deps, { userId }, queued) => {
  const link = { purpose: 'reset_password', userId, queued, ttlSeconds: NEW_ACCOUNT_SECONDS } as const;
  const linked = await linkTo(deps, link, ({ email, passwordChanged }) => (passwordChanged ? null : email));
  return (
    linked && { to: linked.to, values: { link: linked.link, days: String(NEW_ACCOUNT_SECONDS / 86_400) } }
  );
};

const emailChange: Prepare<'email_change'> = async (deps, { userId, newEmail }, queued) => {
  // A new password or another confirmed address ends the pending change, which a stranger may have requested. A mail that is
  // tried again must not restore it: a redeemed token leaves no row that would show it is newer.
  const purpose = 'change_email';
  const wanted = canonicalEmail(newEmail); // a job from before addresses were canonical may have another spelling
  const linked = await linkTo(deps, { purpose, userId, queued }, ({ email, passwordChanged, tokensEnded }) =>
    email === wanted || passwordChanged || tokensEnded ? null : wanted,
  );
  return linked && { to: linked.to, values: { link: linked.link, hours: hours(purpose) } };
};

const teamInvite: Prepare<'team_invite'> = async (deps, { inviteId }, queued) => {
  const { words } = deps.templates;
  const invite = await findInvite(deps.db, inviteId);
  if (invite === null) return null;
  const values = {
    link:
      (await signupLink(deps, { inviteId, invite, queued })) ??
      `${deps.config.publicUrl}/mail/invite/${inviteId}`,
    team: plainWords(invite.team) ?? words.team,
    inviter: plainWords(invite.inviter ?? '') ?? words.inviter,
    expires: invite.expires,
  };
  return { to: invite.email, values };
};

const linkOfInvitation = ({ config: { publicUrl } }: PrepareDeps, token: string): string =>
  `${publicUrl}${INVITATION_PATH}/${token}`;

/**
 * Returns the link by which the invited person creates an account. Null if they may sign up without one, or have an account. The
 * inviter does not learn which of it is true.
 */
async function signupLink(
  deps: PrepareDeps,
  { inviteId, invite, queued }: { inviteId: string; invite: InviteFacts; queued: QueuedJob },
): Promise<string | null> {
  const email = canonicalEmail(invite.email);
  if (deps.config.signup !== 'invited' || email === null) return null;
  const { id, queuedAt: requestedAt } = queued;
  const origin = ['team_invite', inviteId, email, id, requestedAt.toISOString()];
  const token = deps.tokenDeriver.derive(JSON.stringify(origin));
  const stored = await storeTokenOfInvite(deps.db, { inviteId, email, token, requestedAt });
  return stored ? linkOfInvitation(deps, token) : null;
}

const signupInvitation: Prepare<'signup_invitation'> = async (deps, { invitationId }, { id, queuedAt }) => {
  const origin = ['signup_invitation', invitationId, id, queuedAt.toISOString()];
  const token = deps.tokenDeriver.derive(JSON.stringify(origin));
  const stored = await storeInvitationToken(deps.db, { id: invitationId, token });
  if (stored === null) return null;
  const { email, expires } = stored;
  return { to: email, values: { link: linkOfInvitation(deps, token), expires } };
};

type Notice =
  | 'password_changed'
  | 'access_token_created'
  | 'second_factor_added'
  | 'second_factor_removed'
  | 'recovery_code_used';

const notice: Prepare<Notice> = async ({ db }, { userId }, { queuedAt }) => {
  const person = await findRecipient(db, userId, queuedAt);
  // Notices go to verified addresses only: an account may name any address.
  return person?.email && person.verified
    ? { to: person.email, values: { time: minutesOf(queuedAt) } }
    : null;
};

const emailChanged: Prepare<'email_changed'> = async (_deps, { formerEmail }, { queuedAt }) => ({
  to: formerEmail,
  values: { time: minutesOf(queuedAt) },
});

const newSignIn: Prepare<'new_sign_in'> = async (deps, { userId, sessionId }, { queuedAt }) => {
  const person = await findRecipient(deps.db, userId, queuedAt);
  const signIn = await findSignIn(deps.db, sessionId);
  if (!person?.email || !person.verified || signIn === null) return null;
  return { to: person.email, values: whereFrom(deps, signIn) };
};

const prepares: { [Kind in MailKind]: Prepare<Kind> } = {
  verification,
  password_reset: passwordReset,
  account_created: accountCreated,
  email_change: emailChange,
  team_invite: teamInvite,
  signup_invitation: signupInvitation,
  signup_code: prepareCode,
  invite_code: prepareCode,
  recovery_code: prepareCode,
  magic_link: prepareCode,
  email_change_code: prepareCode,
  email_change_current_code: prepareCode,
  reauthentication_code: prepareCode,
  password_changed: notice,
  access_token_created: notice,
  second_factor_added: notice,
  second_factor_removed: notice,
  recovery_code_used: notice,
  email_changed: emailChanged,
  new_sign_in: newSignIn,
};

/**
 * Makes the mail of a job from the current data, and stores its token.
 * @returns null if the mail is not needed any more: the account is deleted or disabled, or the matter is settled
 */
export async function prepareMail(
  deps: PrepareDeps,
  job: MailJob | IdleJob,
  queued: QueuedJob,
): Promise<Mail | null> {
  if (job.kind === 'none') return null;
  const prepare = prepares[job.kind] as Prepare<MailKind> | undefined;
  // A newer version queued it. It stays in the queue for a replica that knows the kind.
  if (prepare === undefined) throw new Error('This kind of mail is not known.');
  const prepared = await prepare(deps, job, queued);
  if (prepared === null) return null;
  const values = { ...prepared.values, site: new URL(deps.config.publicUrl).host } as MailValues;
  return {
    messageId: messageIdOf(queued, deps.config.publicUrl),
    to: prepared.to,
    ...deps.templates.render(job.kind, values),
  };
}
