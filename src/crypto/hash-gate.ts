import pLimit from 'p-limit';
import { AuthError } from '../errors.ts';

/**
 * Lets a few hashes run at once, in the order in which they came, and a bounded number wait for a bounded time. A flood of
 * logins then leaves the thread pool to token signing, and is refused rather than kept waiting for ever.
 */
export type HashGate = {
  /** @throws AuthError `busy` if too many hashes wait already, or if the first of them has waited too long. */
  run<T>(hash: () => Promise<T>): Promise<T>;
  /** Hashes finished since the start: the work that a test can count. */
  readonly finished: number;
};

/** About what one core hashes in a second at OWASP's parameters: only the advice in `Retry-After` depends on it. */
const HASHES_PER_SECOND = 40;

type Options = {
  /** Hashes that run at once. */
  concurrency: number;
  /** Hashes that may wait. */
  queue: number;
  /** Milliseconds: once a hash has waited longer, new ones are refused until it runs. */
  longestWaitMs: number;
};

/** Opens a first-in-first-out gate for password hashes. A hash that finds no place is refused with `busy`. */
export function createHashGate({ concurrency, queue, longestWaitMs }: Options): HashGate {
  const limit = pLimit(concurrency);
  /** Since when each hash waits, the first one first. */
  const waiting = new Map<symbol, number>();
  let finished = 0;

  function refuseIfFull(now: number): void {
    const [first = now] = waiting.values();
    if (waiting.size < queue && now - first <= longestWaitMs) return;
    const wait = Math.ceil(waiting.size / (concurrency * HASHES_PER_SECOND));
    throw new AuthError('busy', { retryAfterSeconds: Math.max(1, wait) });
  }

  return {
    async run(hash) {
      const now = performance.now();
      refuseIfFull(now);
      const one = Symbol('waiting hash');
      waiting.set(one, now);
      try {
        return await limit(() => {
          waiting.delete(one);
          return hash();
        });
      } finally {
        finished += 1;
      }
    },
    get finished() {
      return finished;
    },
  };
}
