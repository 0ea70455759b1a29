import type { Config } from '../config/config.ts';
import type { Queryable } from '../db/client.ts';
import type { Counter, RateLimiter } from '../limits/rate-limits.ts';
import { emailLimitSubject } from './email-address.ts';
import { type MailKind, mails } from './kinds.ts';

/**
 * What counts a mail that a request causes: a spacing per address and kind, and a cap per address. Counted by mailbox,
 * whether or not an account has it, so that both cases look alike. Notices of what happened have no limit, and go to
 * verified addresses only: the owner of the account must learn of it.
 * @param email in any spelling
 * @internal exported for its test
 */
export function mailCounters(config: Pick<Config, 'limits'>, kind: MailKind, email: string): Counter[] {
  const { limit } = mails[kind];
  if (limit === null) return [];
  const { mailSpacingSeconds, [limit]: cap } = config.limits;
  const subject = emailLimitSubject(email);
  const spacing = { name: `mail_${kind}`, per: 'mailbox', count: 1, seconds: mailSpacingSeconds } as const;
  return [
    { limit: spacing, subject },
    { limit: cap, subject },
  ];
}

/**
 * Counts one mail: the seconds to wait, or null where it may go out. What the spacing refuses does not use up the cap, so
 * that hammering a form does not keep a person's mails away for a day.
 * @param tx the transaction that queues the mail: one that is not queued is not counted
 */
export async function attemptMail(
  deps: { config: Pick<Config, 'limits'>; rateLimiter: RateLimiter },
  kind: MailKind,
  email: string,
  tx?: Queryable,
): Promise<number | null> {
  for (const counter of mailCounters(deps.config, kind, email)) {
    const wait = await deps.rateLimiter.attempt([counter], tx);
    if (wait !== null) return wait;
  }
  return null;
}

/** Whether a mail could go out now. Counts nothing: `attemptMail` decides. */
export async function isMailDue(
  deps: { config: Pick<Config, 'limits'>; rateLimiter: RateLimiter },
  kind: MailKind,
  email: string,
): Promise<boolean> {
  const counters = mailCounters(deps.config, kind, email);
  const standings = await deps.rateLimiter.look(counters);
  return counters.every(({ limit }, at) => (standings[at]?.count ?? 0) < limit.count);
}
