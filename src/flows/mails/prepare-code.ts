import { findFlow } from '../../flow-states/flow-states.ts';
import type { MailKind, MailValues } from '../../mail/kinds.ts';
import { findCode, makeCode, type OneTimeCode } from '../../one-time-codes/one-time-codes.ts';
import { lockRecipient, type Recipient } from '../../users/mail-recipient.ts';
import { codeLink } from '../shared/code-link.ts';
import { isSignUp } from '../shared/code-types.ts';
import { toldMinutes } from '../shared/told-minutes.ts';
import type { PrepareDeps, QueuedJob } from './prepare.ts';

/** The mails that bring a code. */
export type CodeMailKind = Extract<MailKind, `${string}_code` | 'magic_link'>;

type CodeDeps = Pick<PrepareDeps, 'db' | 'codes' | 'config'>;

/** Whether the mail is still of use: the account has the address, and needs what the code does. */
function isNeeded({ purpose, target }: OneTimeCode, { email, verified, disabled }: Recipient): boolean {
  if (disabled) return false;
  if (purpose === 'email_change_new') return email !== target;
  if (email !== target) return false;
  return !isSignUp(purpose) || !verified;
}

/**
 * Makes the code and the link of a mail, and stores their hashes. Every attempt to deliver makes the same ones. The account stays
 * locked until they are stored, so that a change which retires codes retires this one too.
 * @returns null if the mail is not needed any more, or if a later request has replaced the code
 */
export async function prepareCode(
  deps: CodeDeps,
  { codeId }: { codeId: string },
  { queuedAt }: QueuedJob,
): Promise<{ to: string; values: Omit<MailValues<CodeMailKind>, 'site'> } | null> {
  const { config } = deps;
  const seconds = config.codes.mailSeconds;
  const made = await deps.db.transaction(async (tx) => {
    const request = await findCode(tx, codeId);
    const person = request && (await lockRecipient(tx, request.userId, queuedAt));
    if (!request || !person || !isNeeded(request, person)) return null;
    const flow = request.flowStateId === null ? null : await findFlow(tx, request.flowStateId);
    const isPkce = flow !== null && flow.codeChallenge !== null;
    const code = await makeCode(tx, deps.codes, { id: codeId, ttlSeconds: seconds, isPkce });
    return code && { ...code, redirectTo: flow?.redirectTo ?? config.publicUrl };
  });
  if (made === null) return null;
  const values = { link: codeLink(config, made), code: made.code, minutes: toldMinutes(seconds) };
  return { to: made.target, values };
}
