import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Records a failed sign-in by a password or a code. `userId` is null if the account is not known: a wrong code names none, so that a known
 * address costs no more than an unknown one.
 */
export const recordFailedLogin = (
  deps: Pick<Deps, 'db'>,
  by: Caller,
  { userId, code }: { userId: string | null; code: ErrorCode },
): Promise<void> =>
  recordSecurityEvent(deps.db, {
    action: 'login',
    outcome: 'failure',
    userId,
    device: by.device,
    details: { code },
  });
