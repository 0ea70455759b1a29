import { createHash } from 'node:crypto';
import type { SecretDeriver } from '../../crypto/derived-secrets.ts';
import type { Database } from '../../db/client.ts';
import type { TokenPurpose } from '../../db/tables/one-time-tokens.ts';
import { canonicalEmail } from '../../mail/email-address.ts';
import type { MailJob, MailKind, MailValues } from '../../mail/kinds.ts';
import type { Mail } from '../../mail/message.ts';
import { deviceWords, plainWords } from '../../mail/plain-words.ts';
import type { IdleJob } from '../../mail/queue.ts';
import type { MailTemplates } from '../../mail/templates.ts';
import type { storeOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import { purposes } from '../../one-time-tokens/purposes.ts';
import {
  findInvite,
  findRecipient,
  findSignIn,
  findSignUp,
  lockRecipient,
  type Recipient,
  type SignInFacts,
} from './facts.ts';

/** The job a mail is made for: its number, and when it was queued. */
export type QueuedJob = { id: string; queuedAt: Date };

export type PrepareDeps = Readonly<{
  db: Database;
  /** Every link begins with it; a request's headers have no say. */
  publicUrl: string;
  templates: MailTemplates;
  tokenDeriver: SecretDeriver;
  storeToken: typeof storeOneTimeToken;
}>;

/** Made of the job alone, so that every attempt has the same. It does not tell how many mails there were. */
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
 * The address and the link of a mail that carries a token, which is derived from the job, so that every attempt makes the
 * same one. The account stays locked from the look at the person until the token is stored: a change that retires tokens
 * in between retires this one too.
 *
 * @param choose the address to prove; null if the person needs no mail any more
 * @returns null if there is nothing to send any more, or if a later request has made a newer token: this mail would
 * retire it, or carry a link that is dead
 */
async function linkTo(
  deps: PrepareDeps,
  { purpose, userId, queued }: { purpose: TokenPurpose; userId: string; queued: QueuedJob },
  choose: (person: Recipient) => string | null,
): Promise<{ to: string; link: string } | null> {
  const { id, queuedAt } = queued;
  return deps.db.transaction(async (tx) => {
    const person = await lockRecipient(tx, userId, queuedAt);
    const email = person === null || person.disabled ? null : choose(person);
    if (email === null) return null;
    // The time too: the ids of a database that was restored or made again begin again, and old tokens must not come back.
    const origin = [purpose, userId, email, id, queuedAt.toISOString()];
    const token = deps.tokenDeriver.derive(JSON.stringify(origin));
    const stored = await deps.storeToken(tx, { userId, email, purpose, token, requestedAt: queuedAt });
    return stored ? { to: email, link: `${deps.publicUrl}/mail/${purposes[purpose].page}/${token}` } : null;
  });
}

/** The words for a device and its address, where they are known. */
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
    // A stranger may have set one that is not proven: the owner's way in stays.
    passwordChanged && !unproven ? null : email,
  );
  return linked && { to: linked.to, values: { link: linked.link, minutes: minutes(purpose) } };
};

const emailChange: Prepare<'email_change'> = async (deps, { userId, newEmail }, queued) => {
  // A person who set a new password or confirmed another address ended what was pending: they may not have asked for it.
  // A mail that is tried again must not bring it back: a token that was redeemed has left no trace of being newer.
  const purpose = 'change_email';
  const wanted = canonicalEmail(newEmail); // a job from before addresses were canonical may have another spelling
  const linked = await linkTo(deps, { purpose, userId, queued }, ({ email, passwordChanged, tokensEnded }) =>
    email === wanted || passwordChanged || tokensEnded ? null : wanted,
  );
  return linked && { to: linked.to, values: { link: linked.link, hours: hours(purpose) } };
};

const teamInvite: Prepare<'team_invite'> = async ({ db, publicUrl, templates: { words } }, { inviteId }) => {
  const invite = await findInvite(db, inviteId);
  if (invite === null) return null;
  const values = {
    link: `${publicUrl}/mail/invite/${inviteId}`,
    team: plainWords(invite.team) ?? words.team,
    inviter: plainWords(invite.inviter ?? '') ?? words.inviter,
    expires: invite.expires,
  };
  return { to: invite.email, values };
};

const passwordChanged: Prepare<'password_changed'> = async ({ db }, { userId }, { queuedAt }) => {
  const person = await findRecipient(db, userId, queuedAt);
  // Notices go to verified addresses alone: an account may name any address.
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
  email_change: emailChange,
  team_invite: teamInvite,
  password_changed: passwordChanged,
  email_changed: emailChanged,
  new_sign_in: newSignIn,
};

/**
 * Makes the mail of a job as things are now, and stores the token it carries. Null where nothing is to be sent: the person
 * is gone or disabled, or what the mail is about has happened.
 */
export async function prepareMail(
  deps: PrepareDeps,
  job: MailJob | IdleJob,
  queued: QueuedJob,
): Promise<Mail | null> {
  if (job.kind === 'none') return null;
  const prepare = prepares[job.kind] as Prepare<MailKind> | undefined;
  // Queued by a newer version: it stays until a replica that knows it takes it.
  if (prepare === undefined) throw new Error('This kind of mail is not known.');
  const prepared = await prepare(deps, job, queued);
  if (prepared === null) return null;
  const values = { ...prepared.values, site: new URL(deps.publicUrl).host } as MailValues;
  return {
    messageId: messageIdOf(queued, deps.publicUrl),
    to: prepared.to,
    ...deps.templates.render(job.kind, values),
  };
}
