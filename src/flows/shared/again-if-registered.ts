import { AuthError } from '../../errors.ts';

/**
 * Runs the work once more if it found its address taken: another request may have just made the account, and the second run then finds
 * it. The first run has changed nothing.
 * @throws what the second run throws
 */
export async function againIfRegistered<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AuthError && error.code === 'already_registered' && error.attribute === 'email')
      return run();
    throw error;
  }
}
