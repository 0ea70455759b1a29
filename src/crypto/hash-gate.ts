import pLimit from 'p-limit';
import { AuthError } from '../errors.ts';

/**
 * Runs a few hashes at once, in the order in which they came. A bounded number of hashes waits, for a bounded time; others
 * are refused. A flood of logins then leaves the thread pool to token signing.
 */
export type HashGate = {
  /**
   * Runs a hash when its turn comes.
   * @throws AuthError `busy` if too many hashes wait already, or if the first of them has waited too long
   */
  run<T>(hash: () => Promise<T>): Promise<T>;
  /** The number of hashes that have finished since the start. Tests count work by it. */
  readonly finished: number;
  /** The number of hashes that wait for their turn. Tests see by it how far an operation has come. */
  readonly waiting: number;
};

/**
 * About how many hashes one core computes in a second at OWASP's parameters. Only the advice in `Retry-After` depends on it.
 */
const HASHES_PER_SECOND = 40;

type Options = {
  /** How many hashes run at once. */
  concurrency: number;
  /** How many hashes may wait. */
  queue: number;
  /** Milliseconds. If the first waiting hash has waited longer, new ones are refused until it runs. */
  longestWaitMs: number;
};

/** Creates a first-in-first-out gate for password hashes. */
export function createHashGate({ concurrency, queue, longestWaitMs }: Options): HashGate {
  const limit = pLimit(concurrency);
  /** When each waiting hash came, in milliseconds; the oldest one first. */
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
    get waiting() {
      return waiting.size;
    },
  };
}
