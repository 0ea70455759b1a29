import { recordSecurityEvent } from '../../audit/security-events.ts';
import { AuthError } from '../../errors.ts';
import { findSessionOfRefreshToken } from '../../sessions/refresh-tokens.ts';
import { revokeSessions, type SessionSelection } from '../../sessions/sessions.ts';
import type { Caller, Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/** Which sessions a logout ends: this one, all, or all but this one. Those of personal access tokens stay. */
export const logoutScopes = ['LOCAL', 'GLOBAL', 'OTHERS'] as const;
export type LogoutScope = (typeof logoutScopes)[number];

function selectionOf({ sessionId, tokenKind }: Viewer, scope: LogoutScope): SessionSelection {
  if (tokenKind === 'personal')
    throw new AuthError('permission_denied', {
      message: 'A personal access token does not end sessions. Its user revokes it.',
    });
  if (scope === 'GLOBAL') return 'sign_ins';
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'The request has no session: use the scope GLOBAL.' });
  return scope === 'LOCAL' ? { only: sessionId } : { except: sessionId };
}

/**
 * Ends sessions of the signed-in person. Idempotent.
 * @returns how many sessions were ended
 * @throws AuthError `permission_denied` for a personal access token; `unauthenticated` without a session, unless the scope is GLOBAL
 */
export function logout(deps: Deps, by: Viewer, { scope }: { scope: LogoutScope }): Promise<number> {
  return endSessions(deps, by, { userId: by.user.id, which: selectionOf(by, scope), scope });
}

/**
 * Ends the session of a refresh token, for a client whose access token has expired. A token that is not good any more ends
 * nothing; that is not an error.
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
 * Ends one session of the signed-in person, which may be the current one.
 * @throws AuthError `not_found` if it has ended, or is not theirs
 */
export async function revokeSession(
  deps: Deps,
  by: Viewer,
  { sessionId }: { sessionId: string },
): Promise<void> {
  const userId = by.user.id;
  await deps.db.transaction(async (tx) => {
    const ended = await revokeSessions(tx, { userId, which: { only: sessionId } });
    if (ended.length === 0)
      throw new AuthError('not_found', { attribute: 'sessionId', message: 'This session does not exist.' });
    await recordSecurityEvent(tx, { action: 'session_revoked', userId, sessionId, device: by.device });
  });
}
