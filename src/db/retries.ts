import { setTimeout as wait } from 'node:timers/promises';
import { isRepeatable } from './errors.ts';

const MAX_TRIES = 4;
/** Each waits for a random time, so that two transactions that collided do not collide again. */
const LONGEST_PAUSE_MS = 25;

/**
 * Runs a unit of database work, and retries it up to three times. It is retried only if Postgres rolled it back for a reason
 * that may be gone at the next try (`isRepeatable`). Work whose outcome is unknown is not retried. The work must have no effect
 * outside the database.
 *
 * @param work receives the number of the attempt, from 1
 */
export async function retry<Result>(work: (attempt: number) => PromiseLike<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt === MAX_TRIES || !isRepeatable(error)) throw error;
      await wait(Math.random() * LONGEST_PAUSE_MS * attempt);
    }
}
