import { type SQL, sql } from 'drizzle-orm';
import type { Limit } from '../config/limit.ts';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { rateLimits } from '../db/tables/rate-limits.ts';
import { AuthError } from '../errors.ts';
import { addressLimitSubject } from './address-subject.ts';

/** A limit and its subject. */
export type Counter = Readonly<{
  limit: Limit;
  /** The subject that the limit is `per`, for example a client's address. Empty for `unaddressed`. */
  subject: string;
  /** How much of the count one attempt uses: 1 by default. */
  cost?: number;
}>;

/** The current count of a counter, and the seconds until its window ends. */
type Standing = { count: number; wait: number };

/** With a `tx`, a rollback of that transaction removes what was counted. */
export type RateLimiter = {
  /**
   * Counts one attempt on every counter, atomically and for all replicas. Call it before the attempt.
   * A window starts with its first attempt and its end never moves, so a wait is bounded.
   * @throws AuthError `rate_limited` with the seconds to wait, if any counter is beyond its limit
   */
  consume(counters: readonly Counter[], tx?: Queryable): Promise<void>;
  /**
   * Counts one attempt on one counter.
   * @returns whether this was the last attempt that the limit allows
   * @throws AuthError `rate_limited`
   */
  consumeOne(counter: Counter): Promise<boolean>;
  /** Like `consume`, without the error. Returns the seconds to wait; null if no counter is beyond its limit. */
  attempt(counters: readonly Counter[], tx?: Queryable): Promise<number | null>;
  /** Counts one attempt, unless the count would exceed `most`. Returns whether it was counted. */
  attemptWithin(counter: Counter, most: number, tx?: Queryable): Promise<boolean>;
  /** Reads the counters, in their order, without counting. */
  look(counters: readonly Counter[]): Promise<Standing[]>;
  /** Deletes a counter. For example, a correct password clears the failures of its account. */
  reset(counter: Counter): Promise<void>;
};

type Counted = { key: string; count: number; wait: number };

// The hash keeps email addresses out of the table, and makes all keys of one length.
function keyOf({ limit: { name, per }, subject }: Counter): string {
  const counted = per === 'address' ? addressLimitSubject(subject) : subject;
  return `${name}:${sha256(`${name}:${counted}`).toString('base64url')}`;
}

const value = ({ cost = 1, limit }: Counter, key: string): SQL =>
  sql`(${key}, ${cost}::int, now() + make_interval(secs => ${limit.seconds}))`;

/** Adds to a counter, or starts a new window if the last one has ended. */
const COUNT_ON = sql`
  count = case when kept.resets_at <= now() then excluded.count else least(kept.count + excluded.count, 1000000000) end,
  resets_at = case when kept.resets_at <= now() then excluded.resets_at else kept.resets_at end`;

/** Counts one attempt on every counter, in one statement. */
async function count(tx: Queryable, counters: readonly Counter[]): Promise<(Counted & Counter)[]> {
  const byKey = new Map(counters.map((counter) => [keyOf(counter), counter]));
  // In one order, so that two calls with common counters do not deadlock.
  const rows = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) return [];
  const counted = await tx.execute<Counted>(sql`
    insert into ${rateLimits} as kept (key, count, resets_at)
    values ${sql.join(
      rows.map(([key, counter]) => value(counter, key)),
      sql`, `,
    )}
    on conflict (key) do update set ${COUNT_ON}
    returning key, count, ceil(extract(epoch from resets_at - now()))::int as wait`);
  return counted.flatMap((row) => {
    const counter = byKey.get(row.key);
    return counter === undefined ? [] : [{ ...counter, ...row }];
  });
}

/** Returns the seconds to wait; null if no counter is beyond its limit. */
function waitOf(counted: readonly (Counted & Counter)[]): number | null {
  const waits = counted.filter(({ count, limit }) => count > limit.count).map(({ wait }) => wait);
  return waits.length === 0 ? null : Math.max(1, ...waits);
}

const rateLimited = (retryAfterSeconds: number): AuthError =>
  new AuthError('rate_limited', { retryAfterSeconds });

/** Makes a rate limiter that counts in Postgres. */
export function createRateLimiter(db: Database, options: { enabled: boolean }): RateLimiter {
  if (!options.enabled) return UNLIMITED;
  return {
    attempt: async (counters, tx = db) => waitOf(await count(tx, counters)),
    async consume(counters, tx = db) {
      const wait = waitOf(await count(tx, counters));
      if (wait !== null) throw rateLimited(wait);
    },
    async consumeOne(counter) {
      const counted = await count(db, [counter]);
      const wait = waitOf(counted);
      if (wait !== null) throw rateLimited(wait);
      return counted.some(({ count, limit }) => count === limit.count);
    },
    async attemptWithin(counter, most, tx = db) {
      if ((counter.cost ?? 1) > most) return false;
      const counted = await tx.execute(sql`
        insert into ${rateLimits} as kept (key, count, resets_at) values ${value(counter, keyOf(counter))}
        on conflict (key) do update set ${COUNT_ON}
          where kept.resets_at <= now() or kept.count + excluded.count <= ${most}
        returning key`);
      return counted.length > 0;
    },
    async look(counters) {
      const keys = counters.map(keyOf);
      const found = await db.execute<Counted>(sql`
        select key, count, ceil(extract(epoch from resets_at - now()))::int as wait from ${rateLimits}
        where key in (${sql.join(keys, sql`, `)}) and resets_at > now()`);
      const byKey = new Map([...found].map((row) => [row.key, row]));
      return keys.map((key) => byKey.get(key) ?? { count: 0, wait: 0 });
    },
    async reset(counter) {
      await db.execute(sql`delete from ${rateLimits} where key = ${keyOf(counter)}`);
    },
  };
}

const UNLIMITED: RateLimiter = {
  attempt: async () => null,
  consume: async () => {},
  consumeOne: async () => false,
  attemptWithin: async () => true,
  look: async (counters) => counters.map(() => ({ count: 0, wait: 0 })),
  reset: async () => {},
};

/** Deletes counters whose window has ended. There may be many, since any client can add counters. */
export const pruneRateLimits = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: rateLimits,
    key: rateLimits.key,
    where: sql`${rateLimits.resetsAt} < now()`,
    batches: 50,
  });
