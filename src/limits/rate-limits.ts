import { sql } from 'drizzle-orm';
import { sha256 } from '../crypto/secrets.ts';
import type { Database } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import { rateLimits } from './tables.ts';

/** What is counted: a purpose, whom it is counted for, and how many within how many seconds. */
export type LimitedSubject = Readonly<{
  purpose: string;
  subject: string;
  limit: Readonly<{ count: number; seconds: number }>;
  /** How many of the count one attempt uses up: 1 unless given. */
  cost?: number;
}>;

export type RateLimiter = {
  /**
   * Counts one attempt for every subject, atomically and for all replicas, before the attempt is made.
   * A window starts with its first attempt and its end never moves, so a wait is bounded.
   * @throws AuthError `rate_limited` with the seconds to wait, when any subject is beyond its limit.
   */
  consume(subjects: readonly LimitedSubject[]): Promise<void>;
  /** The same without the error: the seconds to wait, or null where no subject is beyond its limit. */
  attempt(subjects: readonly LimitedSubject[]): Promise<number | null>;
  /** Forgets the attempts of a subject: a correct password clears its account's failures. */
  reset(subject: LimitedSubject): Promise<void>;
};

type Counted = { key: string; count: number; wait: number };

// Subjects are hashed: the table holds no email address and every key is of one length.
const keyOf = ({ purpose, subject }: LimitedSubject): string =>
  `${purpose}:${sha256(`${purpose}:${subject}`).toString('base64url')}`;

/** Rate limits kept in Postgres. */
export function createRateLimiter(db: Database, options: { enabled: boolean }): RateLimiter {
  if (!options.enabled) return { consume: async () => {}, attempt: async () => null, reset: async () => {} };
  const attempt: RateLimiter['attempt'] = async (subjects) => {
    const byKey = new Map(subjects.map((subject) => [keyOf(subject), subject]));
    // Sorted, so that two calls that share subjects lock their rows in one order.
    const rows = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
    if (rows.length === 0) return null;
    const values = rows.map(
      ([key, { cost = 1, limit }]) =>
        sql`(${key}, ${cost}::int, now() + make_interval(secs => ${limit.seconds}))`,
    );
    const counted = await db.execute<Counted>(sql`
      insert into ${rateLimits} as kept (key, count, resets_at)
      values ${sql.join(values, sql`, `)}
      on conflict (key) do update set
        count = case when kept.resets_at <= now() then excluded.count else least(kept.count + excluded.count, 1000000000) end,
        resets_at = case when kept.resets_at <= now() then excluded.resets_at else kept.resets_at end
      returning key, count, ceil(extract(epoch from resets_at - now()))::int as wait`);
    const waits = counted
      .filter(({ key, count }) => count > (byKey.get(key)?.limit.count ?? 0))
      .map(({ wait }) => wait);
    return waits.length === 0 ? null : Math.max(1, ...waits);
  };
  return {
    attempt,
    async consume(subjects) {
      const retryAfterSeconds = await attempt(subjects);
      if (retryAfterSeconds !== null) throw new AuthError('rate_limited', { retryAfterSeconds });
    },
    async reset(subject) {
      await db.execute(sql`delete from ${rateLimits} where key = ${keyOf(subject)}`);
    },
  };
}

const PRUNE_BATCH = 10_000;
const MAX_BATCHES = 50;

/** Removes counters whose window has ended: in batches, since strangers decide how many there are. */
export async function pruneRateLimits(db: Database): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const deleted = await db.execute(sql`
      delete from ${rateLimits} where key in (
        select key from ${rateLimits} where resets_at < now() limit ${PRUNE_BATCH} for update skip locked)`);
    if (deleted.count < PRUNE_BATCH) return;
  }
}
