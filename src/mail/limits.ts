import type { Config } from '../config/config.ts';
import type { Queryable } from '../db/client.ts';
import { attemptInTurn, waitForRoom } from '../limits/in-turn.ts';
import type { Counter, RateLimiter } from '../limits/rate-limits.ts';
import { emailLimitSubject } from './email-address.ts';
import { type MailKind, mails } from './kinds.ts';

type LimitDeps = { config: Pick<Config, 'limits'>; rateLimiter: RateLimiter };

/**
 * Returns the counters of a mail that a request causes: a spacing per address and kind, and a cap per address. They count
 * mailboxes with and without an account alike, so that a caller cannot tell them apart. A notice of what happened has no
 * limit, since the owner of the account must learn of it. It goes to verified addresses only.
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
 * Counts one mail. A mail that the spacing refuses does not use up the cap. Otherwise, many requests in a minute would
 * block a person's mails for a day.
 * @param tx the transaction that queues the mail, so that a mail is counted only if it is queued
 * @returns the seconds to wait; null if the mail may be sent
 */
export const attemptMail = (
  { config, rateLimiter }: LimitDeps,
  kind: MailKind,
  email: string,
  tx?: Queryable,
): Promise<number | null> => attemptInTurn(rateLimiter, mailCounters(config, kind, email), tx);

/** Returns the seconds to wait for a mail; null if it may be sent now. It counts nothing: `attemptMail` decides. */
export const waitForMail = (
  { config, rateLimiter }: LimitDeps,
  kind: MailKind,
  email: string,
): Promise<number | null> => waitForRoom(rateLimiter, mailCounters(config, kind, email));
