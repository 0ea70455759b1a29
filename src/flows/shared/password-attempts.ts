import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/** The facts of the event that records a lock. */
type Lock = Readonly<{ userId: string | null; sessionId?: string | null; details: Record<string, string> }>;

/** An attempt to enter a password, which was counted before. */
export type CountedAttempt = Readonly<{
  /** The counter of wrong passwords. */
  failures: Counter;
  /** Whether it is the last attempt before the lock. */
  isLast: boolean;
  lock: Lock;
}>;

/**
 * Checks a counted password. A right password clears the counter. If the last allowed attempt fails, one event records the lock.
 * The attempts that the lock refuses cause no event.
 */
export async function checkAttempt<T>(
  deps: Deps,
  by: Caller,
  { failures, isLast, lock }: CountedAttempt,
  check: () => Promise<T>,
): Promise<T> {
  try {
    const checked = await check();
    await deps.rateLimiter.reset(failures);
    return checked;
  } catch (error) {
    const event = { action: 'account_locked', outcome: 'failure', device: by.device, ...lock } as const;
    if (isLast) await recordSecurityEvent(deps.db, event);
    throw error;
  }
}
