import { isCausedBy } from './errors.ts';

/** For how long a refused write counts: longer than a load balancer waits between two questions. */
const COUNTS_FOR_MS = 10_000;

export type RefusedWrites = {
  /** Looks at a statement's error. */
  notice(error: unknown): void;
  /** The newest error of the last ten seconds by which the server refused to store something, or null. */
  latest(): unknown;
};

/** No disk space or memory (class 53, but for too many connections), or an error of the operating system (class 58). */
const isRefusedWrite = (error: unknown): boolean =>
  isCausedBy(error, ({ code }) => /^(?:53(?!300)|58)/.test(String(code)));

/**
 * Remembers what traffic shows: a disk that is full refuses one table and not yet another one, so a write of our own to see
 * whether writes succeed is not enough.
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
