import { setTimeout as wait } from 'node:timers/promises';
import { isRepeatable } from './errors.ts';

const MAX_TRIES = 4;
/** Two that lost to each other must not meet again: each waits for a random time. */
const LONGEST_PAUSE_MS = 25;

/**
 * Runs a unit of work of the database. Repeats it up to three times when Postgres rolled it back for a reason that may be gone
 * the next time (`isRepeatable`). Work whose outcome is unknown is not repeated. The work has no effect outside the database.
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
