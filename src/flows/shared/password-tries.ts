import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { Counter } from '../../limits/rate-limits.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/** What is recorded where a lock begins. */
type Lock = Readonly<{ userId: string | null; sessionId?: string | null; details: Record<string, string> }>;

/** A try of a password that was counted. */
export type CountedTry = Readonly<{
  /** What counts the wrong ones. */
  failures: Counter;
  /** Whether it is the last one before the counter's lock. */
  isLast: boolean;
  lock: Lock;
}>;

/**
 * Checks a password whose try was counted. A right password clears the counter. If the last allowed try is wrong, the lock that
 * begins is recorded: one event for the lock, none for each try that the lock refuses.
 */
export async function settleTry<T>(
  deps: Deps,
  by: Caller,
  { failures, isLast, lock }: CountedTry,
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
