import { AuthError } from '../../errors.ts';
import { findLiveSession } from '../../sessions/sessions.ts';
import { TokenError, type TokenKind, verifyToken } from '../../sessions/tokens.ts';
import { findUser } from '../../users/users.ts';
import type { Caller, Viewer } from './caller.ts';
import type { Deps } from './deps.ts';

/**
 * Who holds this access token. The session, its user and the signing key are looked up: a revoked session, a disabled
 * user or an expired key ends access at once, however long the token says it lives.
 * @throws AuthError `unauthenticated`
 */
export async function authenticateToken(
  deps: Deps,
  { device }: Caller,
  { token }: { token: string },
): Promise<Viewer> {
  try {
    const { userId, sessionId, keyId, kind } = await verifyToken(deps, token);
    const live = await findLiveSession(deps.db, { sessionId, userId, keyId });
    if (live === null) throw new TokenError('The session is over.');
    return { ...live, device, sessionId, tokenKind: kind };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new AuthError('unauthenticated', { message: error.message, cause: error });
  }
}

/** What Hasura's session variables, and the client's own token where that came along, say. */
export type HasuraIdentity = {
  userId: string;
  sessionId: string | null;
  /** The key that signed the client's token. */
  keyId: string | null;
  tokenKind: TokenKind | null;
};

/**
 * Who Hasura says is calling, once it has shown the shared secret. Without a session (an operator who acts as the user
 * in the console) the user alone must exist and not be disabled. The key of the client's own token, where that came along,
 * must still be good: Hasura knows of a key that was ended early only when its cache of the JWKS ends.
 * @throws AuthError `unauthenticated`
 */
export async function authenticateHasuraUser(
  deps: Deps,
  { device }: Caller,
  { userId, sessionId, keyId, tokenKind }: HasuraIdentity,
): Promise<Viewer> {
  if (sessionId === null) {
    const user = await findUser(deps.db, userId);
    if (user === null || user.disabledAt !== null) throw new AuthError('unauthenticated');
    return { device, user, sessionId: null, activeTeamId: null, tokenKind };
  }
  const live = await findLiveSession(deps.db, { sessionId, userId, keyId });
  if (live === null) throw new AuthError('unauthenticated', { message: 'The session is over.' });
  return { ...live, device, sessionId, tokenKind };
}
