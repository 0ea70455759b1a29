import type { Config } from '../config/config.ts';
import type { LimitedSubject } from './rate-limits.ts';

/** What one person may change about themselves and their teams, as far as it has no limit of its own: each is an event. */
export const changeLimit = ({ limits }: Pick<Config, 'limits'>, userId: string): LimitedSubject => ({
  purpose: 'changes',
  subject: userId,
  limit: limits.changesPerUser,
});
