import { changeLimit } from '../../limits/changes.ts';
import type { Viewer } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Counts a change that a person may repeat without end.
 * @throws AuthError `rate_limited`
 */
export const countChange = (
  { config, rateLimiter }: Pick<Deps, 'config' | 'rateLimiter'>,
  { user }: Viewer,
): Promise<void> => rateLimiter.consume([changeLimit(config, user.id)]);
