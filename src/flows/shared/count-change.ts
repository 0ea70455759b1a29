import type { Viewer } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Counts a change that a person may repeat without end.
 * @throws AuthError `rate_limited`
 */
export const countChange = (
  { config, rateLimiter }: Pick<Deps, 'config' | 'rateLimiter'>,
  { user }: Viewer,
): Promise<void> => rateLimiter.consume([{ limit: config.limits.changesPerUser, subject: user.id }]);
