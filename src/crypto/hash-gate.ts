import pLimit from 'p-limit';
import { AuthError } from '../errors.ts';

/**
 * Lets a few hashes run at once, in the order in which they came, and a bounded number wait. A flood of logins then
 * leaves the thread pool to token signing, and is refused rather than kept waiting for ever.
 */
export type HashGate = {
  /** @throws AuthError `busy` when too many wait already. */
  run<T>(hash: () => Promise<T>): Promise<T>;
  /** Hashes finished since the start: the work that a test can count. */
  readonly finished: number;
};

/** About what one core hashes in a second at OWASP's parameters: only the advice in `Retry-After` depends on it. */
const HASHES_PER_SECOND = 40;

export function createHashGate(options: { concurrency: number; queue: number }): HashGate {
  const limit = pLimit(options.concurrency);
  let finished = 0;
  return {
    async run(hash) {
      if (limit.pendingCount >= options.queue) {
        const wait = Math.ceil(options.queue / (options.concurrency * HASHES_PER_SECOND));
        throw new AuthError('busy', { retryAfterSeconds: Math.max(1, wait) });
      }
      try {
        return await limit(hash);
      } finally {
        finished += 1;
      }
    },
    get finished() {
      return finished;
    },
  };
}
