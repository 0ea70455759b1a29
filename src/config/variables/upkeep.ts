import { z } from 'zod';
import { DAY, integer } from '../parsers.ts';

/** Housekeeping, shutdown and the log. */
export const upkeepVariables = {
  HOUSEKEEPING_SECONDS: integer(1, DAY).prefault('30').meta({
    description:
      'Seconds between rounds of housekeeping: the next signing key, and the deletion of expired rows.',
  }),
  SECURITY_EVENT_DAYS: integer(7, 36_500).prefault('365').meta({
    description: 'Days for which security events are kept. At least 7, because retried mails look at them.',
  }),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000).prefault('10000').meta({
    description: 'Milliseconds that requests in progress may take at shutdown.',
  }),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info').meta({
    description: 'Least severe level that is logged.',
  }),
};
