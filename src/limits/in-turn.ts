import type { Queryable } from '../db/client.ts';
import type { Counter, RateLimiter } from './rate-limits.ts';

/**
 * Counts one attempt on each counter, one after the other, until one is beyond its limit. The counters after it stay as they are.
 * @returns the seconds to wait; null if no counter is beyond its limit
 */
export async function attemptInTurn(
  rateLimiter: RateLimiter,
  counters: readonly Counter[],
  tx?: Queryable,
): Promise<number | null> {
  for (const counter of counters) {
    const wait = await rateLimiter.attempt([counter], tx);
    if (wait !== null) return wait;
  }
  return null;
}

/** Returns the seconds until every counter allows one more attempt; null if all do so now. It counts nothing. */
export async function waitForRoom(
  rateLimiter: RateLimiter,
  counters: readonly Counter[],
): Promise<number | null> {
  const standings = await rateLimiter.look(counters);
  const waits = counters.flatMap(({ limit }, at) => {
    const { count = 0, wait = 0 } = standings[at] ?? {};
    return count < limit.count ? [] : [Math.max(1, wait)];
  });
  return waits.length === 0 ? null : Math.max(...waits);
}
