import type { Config } from '../config/config.ts';
import type { Queryable } from '../db/client.ts';
import { attemptInTurn, waitForRoom } from '../limits/in-turn.ts';
import type { Counter, RateLimiter } from '../limits/rate-limits.ts';

/** What a code in a text message is for. */
export type SmsPurpose = 'sms' | 'phone_change' | 'reauthentication';

type LimitDeps = { config: Pick<Config, 'limits'>; rateLimiter: RateLimiter };

/**
 * Returns the counters of a text message: a spacing per number and purpose, a cap per number, and one for all numbers. They count
 * numbers with and without an account alike, so that a caller cannot tell them apart.
 */
function smsCounters({ limits }: Pick<Config, 'limits'>, purpose: SmsPurpose, number: string): Counter[] {
  const { smsSpacingSeconds: seconds } = limits;
  return [
    { limit: { name: `sms_${purpose}`, per: 'number', count: 1, seconds }, subject: number },
    { limit: limits.smsPerNumber, subject: number },
    { limit: limits.smsOfAll, subject: '' },
  ];
}

/**
 * Counts one text message. A message that one limit refuses does not use up the next one.
 * @param tx the transaction that queues the message, so that it is counted only if it is queued
 * @returns the seconds to wait; null if the message may be sent
 */
export const attemptSms = (
  { config, rateLimiter }: LimitDeps,
  { purpose, number }: { purpose: SmsPurpose; number: string },
  tx: Queryable,
): Promise<number | null> => attemptInTurn(rateLimiter, smsCounters(config, purpose, number), tx);

/** Like `attemptSms`, but it counts nothing: `attemptSms` decides. */
export const smsWait = (
  { config, rateLimiter }: LimitDeps,
  { purpose, number }: { purpose: SmsPurpose; number: string },
): Promise<number | null> => waitForRoom(rateLimiter, smsCounters(config, purpose, number));
