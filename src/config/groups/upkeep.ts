import { z } from 'zod';
import { DAY, integer } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** Housekeeping, shutdown and the log. */
export const upkeepVariables = {
  HOUSEKEEPING_SECONDS: variable({
    parser: integer(1, DAY),
    default: '30',
    description:
      'Seconds between two rounds of housekeeping. A round makes a successor for an ending key and deletes what has expired.',
  }),
  SECURITY_EVENT_DAYS: variable({
    parser: integer(7, 36_500),
    default: '365',
    description:
      'Days for which security events are kept. At least 7, because a mail that is tried again reads them.',
  }),
  SHUTDOWN_TIMEOUT_MS: variable({
    parser: integer(0, 600_000),
    default: '10000',
    description: 'Milliseconds that running requests may take at shutdown.',
  }),
  LOG_LEVEL: variable({
    parser: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
    default: 'info',
    description: 'Least severe level that is logged.',
  }),
};

export const upkeepConfig = (e: Environment) => ({
  housekeepingSeconds: e.HOUSEKEEPING_SECONDS,
  securityEventDays: e.SECURITY_EVENT_DAYS,
  logLevel: e.LOG_LEVEL,
});
