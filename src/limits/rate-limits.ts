import { type SQL, sql } from 'drizzle-orm';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { rateLimits } from '../db/tables/rate-limits.ts';
import { AuthError } from '../errors.ts';

/** What is counted: a purpose, whom it is counted for, and how many within how many seconds. */
export type LimitedSubject = Readonly<{
  purpose: string;
  subject: string;
  limit: Readonly<{ count: number; seconds: number }>;
  /** How many of the count one attempt uses up: 1 unless given. */
  cost?: number;
}>;

/** What was counted for a subject so far, and the seconds until its window ends. */
export type Standing = { count: number; wait: number };

/** Where a `tx` is given, what is counted is counted if that transaction is committed. */
export type RateLimiter = {
  /**
   * Counts one attempt for every subject, atomically and for all replicas, before the attempt is made.
   * A window starts with its first attempt and its end never moves, so a wait is bounded.
   * @throws AuthError `rate_limited` with the seconds to wait, when any subject is beyond its limit.
   */
  consume(subjects: readonly LimitedSubject[], tx?: Queryable): Promise<void>;
  /**
   * The same for one subject.
   * @returns whether this was the last attempt that its limit allows
   * @throws AuthError `rate_limited`
   */
  consumeOne(subject: LimitedSubject): Promise<boolean>;
  /** The same without the error: the seconds to wait, or null where no subject is beyond its limit. */
  attempt(subjects: readonly LimitedSubject[], tx?: Queryable): Promise<number | null>;
  /** Counts one attempt unless there would be more than `most` then; returns whether it did. */
  attemptWithin(subject: LimitedSubject, most: number, tx?: Queryable): Promise<boolean>;
  /** Counts nothing. In the order of the subjects. */
  look(subjects: readonly LimitedSubject[]): Promise<Standing[]>;
  /** Forgets the attempts of a subject: a correct password clears its account's failures. */
  reset(subject: LimitedSubject): Promise<void>;
};

type Counted = { key: string; count: number; wait: number };

// Subjects are hashed: the table holds no email address and every key is of one length.
const keyOf = ({ purpose, subject }: LimitedSubject): string =>
  `${purpose}:${sha256(`${purpose}:${subject}`).toString('base64url')}`;

const value = ({ cost = 1, limit }: LimitedSubject, key: string): SQL =>
  sql`(${key}, ${cost}::int, now() + make_interval(secs => ${limit.seconds}))`;

/** A window that has ended begins again. */
const COUNT_ON = sql`
  count = case when kept.resets_at <= now() then excluded.count else least(kept.count + excluded.count, 1000000000) end,
  resets_at = case when kept.resets_at <= now() then excluded.resets_at else kept.resets_at end`;

/** Counts one attempt for every subject, in one statement. */
async function count(
  tx: Queryable,
  subjects: readonly LimitedSubject[],
): Promise<(Counted & LimitedSubject)[]> {
  const byKey = new Map(subjects.map((subject) => [keyOf(subject), subject]));
  // Sorted, so that two calls that share subjects lock their rows in one order.
  const rows = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) return [];
  const counted = await tx.execute<Counted>(sql`
    insert into ${rateLimits} as kept (key, count, resets_at)
    values ${sql.join(
      rows.map(([key, subject]) => value(subject, key)),
      sql`, `,
    )}
    on conflict (key) do update set ${COUNT_ON}
    returning key, count, ceil(extract(epoch from resets_at - now()))::int as wait`);
  return counted.flatMap((row) => {
    const subject = byKey.get(row.key);
    return subject === undefined ? [] : [{ ...subject, ...row }];
  });
}

/** The seconds to wait, or null where no subject is beyond its limit. */
function waitOf(counted: readonly (Counted & LimitedSubject)[]): number | null {
  const waits = counted.filter(({ count, limit }) => count > limit.count).map(({ wait }) => wait);
  return waits.length === 0 ? null : Math.max(1, ...waits);
}

const rateLimited = (retryAfterSeconds: number): AuthError =>
  new AuthError('rate_limited', { retryAfterSeconds });

/** Rate limits kept in Postgres. */
export function createRateLimiter(db: Database, options: { enabled: boolean }): RateLimiter {
  if (!options.enabled) return UNLIMITED;
  return {
    attempt: async (subjects, tx = db) => waitOf(await count(tx, subjects)),
    async consume(subjects, tx = db) {
      const wait = waitOf(await count(tx, subjects));
      if (wait !== null) throw rateLimited(wait);
    },
    async consumeOne(subject) {
      const counted = await count(db, [subject]);
      const wait = waitOf(counted);
      if (wait !== null) throw rateLimited(wait);
      return counted.some(({ count, limit }) => count === limit.count);
    },
    async attemptWithin(subject, most, tx = db) {
      if ((subject.cost ?? 1) > most) return false;
      const counted = await tx.execute(sql`
        insert into ${rateLimits} as kept (key, count, resets_at) values ${value(subject, keyOf(subject))}
        on conflict (key) do update set ${COUNT_ON}
          where kept.resets_at <= now() or kept.count + excluded.count <= ${most}
        returning key`);
      return counted.length > 0;
    },
    async look(subjects) {
      const keys = subjects.map(keyOf);
      const found = await db.execute<Counted>(sql`
        select key, count, ceil(extract(epoch from resets_at - now()))::int as wait from ${rateLimits}
        where key in (${sql.join(keys, sql`, `)}) and resets_at > now()`);
      const byKey = new Map([...found].map((row) => [row.key, row]));
      return keys.map((key) => byKey.get(key) ?? { count: 0, wait: 0 });
    },
    async reset(subject) {
      await db.execute(sql`delete from ${rateLimits} where key = ${keyOf(subject)}`);
    },
  };
}

const UNLIMITED: RateLimiter = {
  attempt: async () => null,
  consume: async () => {},
  consumeOne: async () => false,
  attemptWithin: async () => true,
  look: async (subjects) => subjects.map(() => ({ count: 0, wait: 0 })),
  reset: async () => {},
};

/** Removes counters whose window has ended. Strangers decide how many there are. */
export const pruneRateLimits = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: rateLimits,
    key: rateLimits.key,
    where: sql`${rateLimits.resetsAt} < now()`,
    batches: 50,
  });
