import { recordSecurityEvent } from '../../audit/security-events.ts';
import { revokeSessions } from '../../sessions/sessions.ts';
import { administratorOf, type Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { lockOperatedAccount, parseUserId } from '../shared/operated-account.ts';

/**
 * Ends all sessions and personal access tokens of a user. The gateway refuses their tokens at once. For the operator; idempotent.
 * @returns how many sessions were ended; a personal access token has one
 * @throws AuthError `invalid` or `not_found` (userId)
 */
export function endUserSessions(deps: Deps, by: Caller, input: { userId: string }): Promise<number> {
  const userId = parseUserId(input);
  return deps.db.transaction(async (tx) => {
    await lockOperatedAccount(tx, userId); // so that no session is opened until this is done
    const { length: sessions } = await revokeSessions(tx, { userId, which: 'all' });
    const details = { by: administratorOf(by), scope: 'GLOBAL', sessions };
    if (sessions > 0) await recordSecurityEvent(tx, { action: 'logout', userId, device: by.device, details });
    return sessions;
  });
}
