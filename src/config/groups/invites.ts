import { DAY, seconds } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** The lifetime of invites. */
export const inviteVariables = {
  INVITE_TTL: variable({
    parser: seconds(60, 365 * DAY),
    default: String(7 * DAY),
    description: 'Seconds that an invite is valid. Inviting the address again restarts them.',
  }),
};

export const inviteConfig = (e: Environment) => ({ inviteTtlSeconds: e.INVITE_TTL });
