/** How many ranges are kept. One takes up to 100 kilobytes. */
const MAX_RANGES = 50;

/** Milliseconds for which a range is kept: a person who tries variants of a password asks the service again. */
const KEPT_MS = 10 * 60_000;

type Kept = { range: Promise<Set<string>>; until: number };

/**
 * Keeps the ranges that were asked for last, so that equal questions are asked once. A failed question is not kept.
 * @param ask asks the service for a range
 */
export function createRangeCache(
  ask: (prefix: string) => Promise<Set<string>>,
): (prefix: string) => Promise<Set<string>> {
  const kept = new Map<string, Kept>();
  return (prefix) => {
    const found = kept.get(prefix);
    if (found !== undefined && found.until > Date.now()) return found.range;
    kept.delete(prefix);
    const entry = { range: ask(prefix), until: Date.now() + KEPT_MS };
    kept.set(prefix, entry);
    entry.range.catch(() => {
      if (kept.get(prefix) === entry) kept.delete(prefix);
    });
    const [oldest] = kept.keys();
    if (kept.size > MAX_RANGES && oldest !== undefined) kept.delete(oldest);
    return entry.range;
  };
}
