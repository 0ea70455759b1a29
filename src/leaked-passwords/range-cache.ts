import { LRUCache } from 'lru-cache';

/** How many ranges are kept. One takes up to 100 kilobytes. */
const MAX_RANGES = 50;

/** Milliseconds for which a range is kept: a person who tries variants of a password asks the service again. */
const KEPT_MS = 10 * 60_000;

type Ask = (prefix: string) => Promise<Set<string>>;

/** Keeps the ranges that were asked for last, so that equal questions are asked once. A failed question is not kept. */
export function createRangeCache(ask: Ask): Ask {
  const kept = new LRUCache<string, Promise<Set<string>>>({ max: MAX_RANGES, ttl: KEPT_MS });
  return (prefix) => {
    const found = kept.get(prefix);
    if (found !== undefined) return found;
    const range = ask(prefix);
    kept.set(prefix, range);
    range.catch(() => {
      if (kept.peek(prefix) === range) kept.delete(prefix);
    });
    return range;
  };
}
