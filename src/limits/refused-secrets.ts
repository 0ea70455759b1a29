import { LRUCache } from 'lru-cache';
import type { Device } from '../audit/device.ts';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Limit } from '../config/limit.ts';
import type { Database } from '../db/client.ts';
import type { Log } from '../log.ts';
import { addressLimitSubject } from './address-subject.ts';

/** Counts wrong values of the secret that is shared with Hasura. */
export type RefusedSecrets = {
  /**
   * Counts a wrong secret, and reports it to the log and the security events.
   * @param header the header that held the secret
   * @returns the seconds to wait; null if the address is within its limit
   */
  count(attempt: { header: string; device: Device }): number | null;
};

/** The maximum number of addresses that are counted. The least recent one is removed first. */
const MAX_SUBJECTS = 10_000;
/** Reports per minute, for all addresses together: each wrong secret must not cause a write. */
const MAX_REPORTS_PER_MINUTE = 10;

type Window = { tries: number; endsAtMs: number };

/**
 * Makes a counter of wrong secrets in this process: a flood costs the database nothing, and each replica counts separately.
 * It counts wrong secrets only, so that Hasura, which sends all its requests from one address, is never refused.
 */
export function createRefusedSecrets(deps: {
  db: Database;
  log: Log;
  limit: Limit;
  enabled: boolean;
}): RefusedSecrets {
  const { db, log, limit, enabled } = deps;
  const windows = new LRUCache<string, Window>({ max: MAX_SUBJECTS });
  const mayReport = createReportLimit();
  let unreported = 0;

  function report({ header, device }: { header: string; device: Device }, tries: number): void {
    if (!mayReport()) return;
    const details = { header, tries, unreported };
    unreported = 0;
    log.warn(details, 'A wrong internal secret was refused.');
    recordSecurityEvent(db, {
      action: 'internal_secret_refused',
      outcome: 'failure',
      device,
      details,
    }).catch((error: unknown) => log.warn({ err: error }, 'A wrong secret could not be recorded.'));
  }

  return {
    count(attempt) {
      const subject = addressLimitSubject(attempt.device.address ?? '::');
      const now = performance.now();
      const kept = windows.get(subject);
      const window =
        kept === undefined || kept.endsAtMs <= now
          ? { tries: 0, endsAtMs: now + limit.seconds * 1000 }
          : kept;
      window.tries += 1;
      windows.set(subject, window);
      unreported += 1;
      if (window.tries === 1 || window.tries === limit.count + 1) report(attempt, window.tries);
      if (!enabled || window.tries <= limit.count) return null;
      return Math.max(1, Math.ceil((window.endsAtMs - now) / 1000));
    },
  };
}

function createReportLimit(): () => boolean {
  let minute = { reports: 0, endsAtMs: 0 };
  return () => {
    const now = performance.now();
    if (minute.endsAtMs <= now) minute = { reports: 0, endsAtMs: now + 60_000 };
    minute.reports += 1;
    return minute.reports <= MAX_REPORTS_PER_MINUTE;
  };
}
