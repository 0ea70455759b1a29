import { z } from 'zod';
import { DAY, integer } from '../parsers.ts';

/** What goes on in the background, and how it ends. */
export const upkeepVariables = {
  HOUSEKEEPING_SECONDS: integer(1, DAY).prefault('30').meta({
    description:
      'Seconds between rounds of housekeeping: a successor for an ending key, pruning what expired.',
  }),
  SECURITY_EVENT_DAYS: integer(7, 36_500).prefault('365').meta({
    description:
      'Days for which security events are kept: at least 7, since mails that are tried again look at them.',
  }),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000).prefault('10000').meta({
    description: 'Milliseconds that requests in flight may take at shutdown.',
  }),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info').meta({
    description: 'Least severe level that is logged.',
  }),
};
