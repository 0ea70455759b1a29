import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { findSessionOfRefreshToken } from '../../sessions/refresh-tokens.ts';
import { revokeSessions, type SessionSelection } from '../../sessions/sessions.ts';
import type { Caller, Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/** Which sessions a logout ends: this one, all, or all but this one. */
export const logoutScopes = ['LOCAL', 'GLOBAL', 'OTHERS'] as const;
export type LogoutScope = (typeof logoutScopes)[number];

function selectionOf({ sessionId }: Viewer, scope: LogoutScope): SessionSelection {
  if (scope === 'GLOBAL') return 'all';
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'There is no session to tell from others.' });
  return scope === 'LOCAL' ? { only: sessionId } : { except: sessionId };
}

/**
 * Ends sessions of whoever is signed in. Doing it twice is no error.
 * @returns how many sessions were ended
 */
export function logout(deps: Deps, by: Viewer, { scope }: { scope: LogoutScope }): Promise<number> {
  return endSessions(deps, by, { userId: by.user.id, which: selectionOf(by, scope), scope });
}

/**
 * Ends the session that a refresh token belongs to: all that is needed is at hand when the access token has expired. A
 * token that is good for nothing any more ends nothing, and is no error.
 * @returns how many sessions were ended
 */
export async function logoutByRefreshToken(
  deps: Deps,
  by: Caller,
  { refreshToken }: { refreshToken: string },
): Promise<number> {
  const session = await findSessionOfRefreshToken(deps.db, refreshToken);
  if (session === null) return 0;
  const { userId, sessionId } = session;
  return endSessions(deps, by, { userId, which: { only: sessionId }, scope: 'LOCAL' });
}

function endSessions(
  deps: Deps,
  by: Caller,
  { userId, which, scope }: { userId: string; which: SessionSelection; scope: LogoutScope },
): Promise<number> {
  return deps.db.transaction(async (tx) => {
    const ended = await revokeSessions(tx, { userId, which });
    const details = { scope, sessions: ended.length };
    if (ended.length > 0)
      await recordSecurityEvent(tx, {
        action: 'logout',
        userId,
        sessionId: ended[0] ?? null,
        device: by.device,
        details,
      });
    return ended.length;
  });
}

/**
 * Ends one session of the viewer's, this one included.
 * @throws AuthError `not_found` for one that is over or not theirs
 */
export async function revokeSession(
  deps: Deps,
  by: Viewer,
  { sessionId }: { sessionId: string },
): Promise<void> {
  const userId = by.user.id;
  await deps.db.transaction(async (tx) => {
    const ended = await revokeSessions(tx, { userId, which: { only: sessionId } });
    if (ended.length === 0) throw new AuthError('not_found', { attribute: 'sessionId' });
    await recordSecurityEvent(tx, { action: 'session_revoked', userId, sessionId, device: by.device });
  });
}
