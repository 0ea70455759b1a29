import { LRUCache } from 'lru-cache';
import type { Device } from '../audit/device.ts';
import { recordSecurityEvent } from '../audit/security-events.ts';
import type { Limit } from '../config/limit.ts';
import type { Database } from '../db/client.ts';
import type { Log } from '../log.ts';
import { addressLimitSubject } from './address-subject.ts';

/** Wrong tries at the secret that is shared with Hasura. */
export type RefusedSecrets = {
  /**
   * Counts a wrong try, and reports it to the log and the security events.
   * @param header where the secret was sent
   * @returns the seconds to wait where the address is beyond its limit, or null
   */
  count(attempt: { header: string; device: Device }): number | null;
};

/** Addresses that are counted at once; the one that tried longest ago is forgotten first. */
const MAX_SUBJECTS = 10_000;
/** Reports in one minute, from all addresses together: wrong tries must not become as many writes. */
const MAX_REPORTS_PER_MINUTE = 10;

type Window = { tries: number; endsAtMs: number };

/**
 * Counts in this process: a flood costs the database nothing, and each replica has its own count. Only wrong secrets are
 * counted, so that Hasura, whose traffic all comes from one address, is never refused.
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
