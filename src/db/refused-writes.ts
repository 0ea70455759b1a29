import { isCausedBy } from './errors.ts';

/** How long a refused write counts: longer than a load balancer's interval between two checks. */
const COUNTS_FOR_MS = 10_000;

export type RefusedWrites = {
  /** Remembers a statement's error if the server refused to store something. */
  notice(error: unknown): void;
  /** The newest error of the last ten seconds by which the server refused to store something, or null. */
  latest(): unknown;
};

/** No disk space or memory (class 53, except too many connections), or an error of the operating system (class 58). */
const isRefusedWrite = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => /^(?:53(?!300)|58)/.test(String(code)));

/**
 * Remembers refused writes of all requests. A full disk refuses one table and still takes another. So one test write of our
 * own is not enough.
 */
export function watchRefusedWrites(): RefusedWrites {
  let last: { error: unknown; at: number } | null = null;
  return {
    notice(error) {
      if (isRefusedWrite(error)) last = { error, at: performance.now() };
    },
    latest: () => (last !== null && performance.now() - last.at < COUNTS_FOR_MS ? last.error : null),
  };
}
