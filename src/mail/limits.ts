import type { Config } from '../config.ts';
import type { LimitedSubject, RateLimiter } from '../limits/rate-limits.ts';
import { emailLimitSubject } from './email-address.ts';
import type { MailKind } from './message.ts';

/** Mails that somebody other than their recipient can cause. */
const CAUSED_BY_REQUESTS: ReadonlySet<MailKind> = new Set<MailKind>([
  'verification',
  'password_reset',
  'email_change',
  'team_invite',
]);

/** Those that name an address which need not be an account's: they must not use up what its owner may need. */
const TO_ANYBODY: ReadonlySet<MailKind> = new Set<MailKind>(['email_change', 'team_invite']);

/**
 * What to count before a mail is queued: a spacing per address and kind, and a cap per address: one for
 * what an account needs (verification, reset), another for what other people's accounts send (invites, changes of address). Counted by address, whether or not anybody has it, so that both cases look alike.
 * Notices of what happened have no limit, and go to verified addresses only: whoever owns the account must learn of it.
 * @param email in any spelling: the limits are those of its mailbox
 */
export function mailLimits(config: Pick<Config, 'limits'>, kind: MailKind, email: string): LimitedSubject[] {
  if (!CAUSED_BY_REQUESTS.has(kind)) return [];
  const { mailSpacingSeconds, mailPerRecipient } = config.limits;
  const subject = emailLimitSubject(email);
  return [
    { purpose: `mail_${kind}`, subject, limit: { count: 1, seconds: mailSpacingSeconds } },
    {
      purpose: TO_ANYBODY.has(kind) ? 'mail_recipient_of_others' : 'mail_recipient',
      subject,
      limit: mailPerRecipient,
    },
  ];
}

/**
 * Counts one mail: the seconds to wait, or null where it may go out. What the spacing refuses does not use up the cap, so
 * that hammering a form does not keep somebody's mails away for a day.
 */
export async function attemptMail(
  deps: { config: Pick<Config, 'limits'>; rateLimiter: RateLimiter },
  kind: MailKind,
  email: string,
): Promise<number | null> {
  for (const subject of mailLimits(deps.config, kind, email)) {
    const wait = await deps.rateLimiter.attempt([subject]);
    if (wait !== null) return wait;
  }
  return null;
}
