import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Records a failed sign-in.
 * @param input.userId null for an unknown address, and for a wrong code: a known address then costs no more than an unknown one
 */
export const recordFailedSignIn = (
  { db }: Pick<Deps, 'db'>,
  { device }: Caller,
  { userId, code }: { userId: string | null; code: ErrorCode },
): Promise<void> =>
  recordSecurityEvent(db, { action: 'login', outcome: 'failure', userId, device, details: { code } });
